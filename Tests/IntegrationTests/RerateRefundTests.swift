import DaemonHarness
import Foundation
import Quantities
import Testing

/// Goal: what is given back and what is corrected know of each other, in both orders: nothing goes
/// back twice, and what was given back whole is never charged again.
///
/// Method: four requests of 10 credits each; the sums are worked out here by hand.
@Suite struct RerateRefundTests {
    /// Requests of 10 credits cost 4 by this one.
    private static let cheaper = card(input: "0.4")
    /// Requests of 10 credits cost 20 by this one.
    private static let dearer = card(input: "2")

    private static func card(input: String) -> String {
        """
        rate_card: new
        unit: credits per 1,000,000 tokens
        default: refuse
        models:
          plain:
            prices: [{from: always, input: \(input), output: 2}]
        """
    }

    private struct Scene {
        let daemon: TestDaemon

        init() throws {
            daemon = try TestDaemon.started(balance: "100")
            let client = try LineClient(daemon)
            try client.hello("gateway")
            for (index, id) in ["a", "b", "c", "d"].enumerated() {
                var usage = Usage(id: id, account: org("acme"), input: 10_000_000)
                usage.sequence = index + 1
                client.send(usage.line)
            }
            try client.waitForAck(4)
        }

        func refund(_ request: String, _ amount: String? = nil) throws -> HTTPAnswer {
            let more = amount.map { #","amount":"\#($0)""# } ?? ""
            return try daemon.admin.call(
                "POST",
                "/v1/organisations/acme/refunds",
                #"{"request_id":"\#(request)"\#(more)}"#,
                headers: ["Idempotency-Key": Administrator.newIdempotencyKey]
            )
        }

        func refunded(_ request: String, _ amount: String? = nil) throws -> Amount? {
            try refund(request, amount).json()["amount"].amount
        }

        private func period(_ card: String) throws -> String {
            let fields = [
                "from": "2020-01-01T00:00:00Z",
                // To the microsecond: what was booked in this very millisecond is meant too.
                "to": Timestamp(microseconds: Int64(Date().timeIntervalSince1970 * 1_000_000))
                    .description,
                "card": card,
            ]
            return String(decoding: try JSONEncoder().encode(fields), as: UTF8.self)
        }

        func preview(_ card: String) throws -> JSONValue {
            try daemon.admin.request("POST", "/v1/rerates/preview", try period(card))
        }

        func apply(_ card: String, _ id: String) throws -> JSONValue {
            let headers = ["Idempotency-Key": id]
            return try daemon.admin.call(
                "POST",
                "/v1/rerates",
                try period(card),
                headers: headers
            ).json()
        }

        func undo(_ id: String) throws -> JSONValue {
            let headers = ["Idempotency-Key": "u"]
            return try daemon.admin.call("POST", "/v1/rerates/\(id)/undo", "", headers: headers)
                .json()
        }
    }

    @Test func `what was given back whole stays so, and a part given back stays given back`()
        throws
    {
        let scene = try Scene()
        #expect(try scene.refunded("a") == amount("10"))
        #expect(try scene.refunded("b", "5") == amount("5"))
        #expect(try scene.refunded("c", "2") == amount("2"))
        #expect(try scene.daemon.posted() == amount("77"))
        // a stays at 0; b had 5 left to pay of which nothing is left, c 8 of which 2 are, d 4.
        for report in [try scene.preview(Self.cheaper), try scene.apply(Self.cheaper, "fix")] {
            let total = report["total"]
            #expect(total["old"].text == "23")
            #expect(total["new"].text == "6")
            #expect(total["difference"].text == "-17")
            #expect(total["changed"].int == 3)
            #expect(total["refunded"].int == 1)
        }
        #expect(try scene.daemon.posted() == amount("94"))
        #expect(try scene.refund("a").code == "nothing_left")
        #expect(try scene.refund("b").code == "nothing_left")
        try scene.daemon.expectGreenAudit()
        #expect(try scene.undo("fix")["total"]["difference"].text == "17")
        #expect(try scene.daemon.posted() == amount("77"))
        // a stays at 0; the others cost 10 more each.
        #expect(try scene.apply(Self.dearer, "more")["total"]["difference"].text == "30")
        #expect(try scene.daemon.posted() == amount("47"))
        #expect(try scene.undo("more")["total"]["difference"].text == "-30")
        #expect(try scene.refunded("b") == amount("5"))
        #expect(try scene.daemon.posted() == amount("82"))
        try scene.daemon.expectGreenAudit()
    }

    @Test func `a corrected charge gives back what was paid in the end, also over crashes`() throws
    {
        let scene = try Scene()
        let daemon = scene.daemon
        #expect(try scene.apply(Self.cheaper, "fix")["total"]["difference"].text == "-24")
        // Before PostgreSQL has the corrections, for all the caller knows.
        daemon.kill()
        try daemon.start()
        #expect(try daemon.posted() == amount("84"))
        #expect(try scene.refund("a", "4.000000000001").code == "refund_exceeds")
        #expect(try scene.refunded("a") == amount("4"))
        #expect(try scene.refund("a").code == "nothing_left")
        #expect(try scene.refunded("b", "3") == amount("3"))
        #expect(try daemon.posted() == amount("91"))
        try daemon.expectGreenAudit()
        daemon.kill()
        try daemon.start()
        // a was given back whole, and undoing does not charge it again: b, c and d 6 each.
        #expect(try scene.undo("fix")["total"]["difference"].text == "18")
        #expect(try daemon.posted() == amount("73"))
        #expect(try scene.refund("a").code == "nothing_left")
        #expect(try scene.refund("b", "7.000000000001").code == "refund_exceeds")
        try daemon.expectGreenAudit()
        // The same once more under another name: a is nobody's business any more.
        #expect(try scene.apply(Self.cheaper, "fix-2")["total"]["difference"].text == "-18")
        #expect(try scene.refund("a").code == "nothing_left")
        #expect(try scene.undo("fix-2")["total"]["difference"].text == "18")
        #expect(try daemon.posted() == amount("73"))
        try daemon.expectGreenAudit()
    }

    @Test func `what a correction has charged more goes back with its undoing alone`() throws {
        let scene = try Scene()
        let daemon = scene.daemon
        #expect(try scene.apply(Self.dearer, "more")["total"]["difference"].text == "40")
        #expect(try daemon.posted() == amount("20"))
        #expect(try scene.refund("a", "10.000000000001").code == "refund_exceeds")
        #expect(try scene.refunded("a") == amount("10"))
        #expect(try scene.undo("more")["total"]["difference"].text == "-40")
        #expect(try scene.refund("a").code == "nothing_left")
        // a nothing, the others 10 each.
        #expect(try daemon.posted() == amount("70"))
        try daemon.expectGreenAudit()
    }
}
