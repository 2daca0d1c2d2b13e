import DaemonHarness
import Foundation
import Quantities
import Testing

/// Purchases and top-ups on a real daemon with a real PostgreSQL, also after it was killed.
@Suite struct PurchaseTests {
    private let acme = "/v1/organisations/acme"

    private func daemon(_ offer: String) throws -> TestDaemon {
        let card =
            Rates.card(models: Self.tokens) + "\noffer:\n"
            + offer.split(separator: "\n").map { "  \($0)\n" }.joined()
        let daemon = try TestDaemon(rates: card)
        try daemon.start()
        try daemon.admin.createOrganisation("acme", zone: "UTC")
        return daemon
    }

    private func open(_ daemon: TestDaemon) throws -> [JSONValue] {
        try daemon.admin.request("GET", "\(acme)/purchases?state=open")["purchases"].list
    }

    private func posted(_ daemon: TestDaemon) throws -> String? {
        try daemon.admin.organisation("acme")["wallet"]["posted"].text
    }

    /// A token of this model costs a credit.
    private static let tokens = "  token: {prices: [{from: always, input: 1000000, output: 0}]}"

    private static let packs = """
        credit: {name: token, currency: EUR}
        packs:
          starter: {credits: 1000000, price: 5}
          standard: {credits: 2500000, price: 10}
        top_up: {monthly_limit: 50, retry_after_s: 1, retry_at_most_s: 2}
        """

    /// token-packs 1, and what a payment's name promises over a restart.
    @Test func `a payment is credited once, before and after the daemon was killed`() throws {
        let daemon = try daemon(Self.packs)
        let admin = daemon.admin
        let key = ["Idempotency-Key": "k1"]
        let asked = try admin.request(
            "POST",
            "\(acme)/purchases",
            #"{"pack":"starter"}"#,
            headers: key
        )
        #expect(asked["purchase"]["price"].text == "5")
        #expect(asked["purchase"]["currency"].text == "EUR")
        #expect(try posted(daemon) == "0")
        daemon.kill()
        try daemon.start()
        #expect(try open(daemon).count == 1)
        let again = try admin.call(
            "POST",
            "\(acme)/purchases",
            #"{"pack":"starter"}"#,
            headers: key
        )
        #expect(again.status == 200 && again.text.contains(#""repeated":true"#))
        let paid = try admin.request("POST", "\(acme)/purchases/1/confirm", #"{"payment":"pi_1"}"#)
        #expect(paid["repeated"].bool == false)
        #expect(paid["wallet"]["posted"].text == "1000000")
        daemon.kill()
        try daemon.start()
        let repeated = try admin.request(
            "POST",
            "\(acme)/purchases/1/confirm",
            #"{"payment":"pi_1"}"#
        )
        #expect(repeated["repeated"].bool == true)
        try daemon.waitUntilStored()
        daemon.kill()
        try daemon.start()
        // Once more, when memory knows of it by PostgreSQL alone; and under another purchase.
        let direct = #"{"pack":"standard","payment":"pi_2"}"#
        let first = try admin.call("POST", "\(acme)/purchases", direct)
        #expect(first.status == 201)
        #expect(try admin.call("POST", "\(acme)/purchases", direct).status == 200)
        let used = try admin.call(
            "POST",
            "\(acme)/purchases",
            #"{"pack":"standard","payment":"pi_1"}"#
        )
        #expect(used.status == 409 && used.code == "payment_used")
        let settled = try admin.call(
            "POST",
            "\(acme)/purchases/1/confirm",
            #"{"payment":"pi_9"}"#
        )
        #expect(settled.status == 409 && settled.code == "purchase_settled")
        #expect(try posted(daemon) == "3500000")
        try daemon.waitUntilStored()
        let receipts = try admin.request("GET", "\(acme)/receipts")["purchases"].list
        #expect(receipts.map { $0["payment"].text } == ["pi_2", "pi_1"])
        #expect(try admin.request("GET", "\(acme)/receipts/1")["pack"].text == "starter")
        #expect(try admin.transactions("acme").map { $0["kind"].text } == ["purchase", "purchase"])
        try daemon.expectGreenAudit()
    }

    @Test func `what a payment was used for is answered alike, however long ago it was`() throws {
        let daemon = try daemon(Self.packs)
        let admin = daemon.admin
        let key = ["Idempotency-Key": "k1"]
        let pack = #"{"pack":"standard"}"#
        try admin.request("POST", "\(acme)/purchases", pack, headers: key)
        try admin.request("POST", "\(acme)/purchases/1/confirm", #"{"payment":"pi_1"}"#)
        let direct = #"{"pack":"standard","payment":"pi_2"}"#
        #expect(try admin.call("POST", "\(acme)/purchases", direct).status == 201)
        try admin.request("POST", "\(acme)/purchases", pack, headers: ["Idempotency-Key": "k3"])
        let calls: [(path: String, body: String)] = [
            ("purchases", #"{"pack":"standard","payment":"pi_1"}"#), ("purchases", direct),
            ("purchases", #"{"pack":"starter","payment":"pi_2"}"#),
            ("purchases/1/confirm", #"{"payment":"pi_1"}"#),
            ("purchases/1/confirm", #"{"payment":"pi_2"}"#),
            ("purchases/3/confirm", #"{"payment":"pi_1"}"#),
            ("purchases/2/confirm", #"{"payment":"pi_9"}"#),
        ]
        func answers() throws -> [String] {
            try calls.map { call in
                let answer = try admin.call("POST", "\(acme)/\(call.path)", call.body)
                return "\(answer.status) \(answer.text)"
            }
        }
        let early = try answers()
        #expect(early[0].hasPrefix("409") && early[0].contains("payment_used"))
        #expect(early[0].contains("purchase 1"), "the purchase is named: \(early[0])")
        #expect(early[1].hasPrefix("200") && early[2].contains("payment_used"))
        try daemon.waitUntilStored()
        daemon.kill()
        // As if it were weeks ago: what a start loads of keys and payments ends at 35 days.
        try daemon.database.query(
            "UPDATE purchases SET asked_at = asked_at - interval '40 days', "
                + "settled_at = settled_at - interval '40 days'"
        )
        try daemon.start()
        // The times are those of the update; all else is as before.
        func plain(_ text: String) -> String {
            text.replacing(#/"(asked|settled)_at":"[^"]*"/#, with: "")
        }
        #expect(try answers().map(plain) == early.map(plain))
        #expect(try posted(daemon) == "5000000")
        try daemon.expectGreenAudit()
    }

    /// token-packs 6: five top-ups of EUR 10 in a calendar month, and the sixth is refused.
    @Test func `the sixth top-up of a month is refused once and says so`() throws {
        let daemon = try daemon(Self.packs)
        let admin = daemon.admin
        let set = try admin.request(
            "PUT",
            "\(acme)/topup",
            #"{"threshold":"200000","pack":"standard"}"#
        )
        #expect(set["monthly_limit"].text == "50" && set["price"].text == "10")
        for number in 1...5 {
            #expect(try open(daemon).map { $0["automatic"].bool } == [true])
            try admin.request(
                "POST",
                "\(acme)/purchases/\(number)/confirm",
                #"{"payment":"pi_\#(number)"}"#
            )
            #expect(try open(daemon).isEmpty)
            // What was bought is taken away again, so that the wallet is below the threshold.
            try daemon.burn("acme", "2500000")
            if number == 3 {
                daemon.kill()
                try daemon.start()
            }
        }
        #expect(try open(daemon).isEmpty)
        let reached = try admin.request("GET", "\(acme)/topup")
        #expect(reached["limit_reached"].bool == true && reached["asked"].text == "50")
        func ready() throws -> String { try admin.call("GET", "/ready").text }
        try wait(until: "people are told", within: 5) {
            try ready().contains("topup_limit_reached")
        }
        let told = try ready()
        try daemon.waitUntilStored()
        for _ in 0..<2 {
            daemon.kill()
            try daemon.start()
            try wait(until: "people are told again", within: 5) { try ready() == told }
        }
        // Another limit, and all is well.
        try admin.request("PUT", "\(acme)/topup", #"{"monthly_limit":"60"}"#)
        try wait(until: "the trouble is over", within: 5) {
            try ready().contains("topup_limit_reached") == false
        }
        daemon.kill()
        try daemon.start()
        #expect(try ready().contains("topup") == false)
        try daemon.expectGreenAudit()
    }

    @Test func `a top-up that has failed is told of until one is paid, also after a restart`()
        throws
    {
        let patient = "retry_after_s: 3600, retry_at_most_s: 7200"
        let daemon = try daemon(
            Self.packs.replacing("retry_after_s: 1, retry_at_most_s: 2", with: patient)
        )
        let admin = daemon.admin
        let topUp = #"{"threshold":"200000","pack":"standard"}"#
        try admin.request("PUT", "\(acme)/topup", topUp)
        try admin.request("POST", "\(acme)/purchases/1/fail", #"{"reason":"card declined"}"#)
        func ready() throws -> String { try admin.call("GET", "/ready").text }
        try wait(until: "people are told", within: 5) { try ready().contains("card declined") }
        let told = try ready()
        // By the journal, and by PostgreSQL alone.
        for _ in 0..<2 {
            daemon.kill()
            try daemon.start()
            try wait(until: "people are told again", within: 5) { try ready() == told }
            try daemon.waitUntilStored()
        }
        // Set anew, and what was wrong is forgotten.
        try admin.request("PUT", "\(acme)/topup", topUp)
        try wait(until: "the trouble is over", within: 5) {
            try ready().contains("card declined") == false
        }
        daemon.kill()
        try daemon.start()
        #expect(try ready().contains("card declined") == false)
        try daemon.expectGreenAudit()
    }

    /// llm-gateway 8: nothing at 5.00, one at 4.999999, no second while it is pending.
    @Test func `a top-up is asked for below the threshold and never at it`() throws {
        let daemon = try daemon(
            """
            credit: {name: credit, value: 1, currency: USD}
            packs: {usd-50: {credits: 50, price: 50}}
            top_up: {retry_after_s: 1, retry_at_most_s: 2}
            """
        )
        let admin = daemon.admin
        try admin.grant("6", to: "acme")
        try admin.request("PUT", "\(acme)/topup", #"{"threshold":"5","amount":"50"}"#)
        try daemon.burn("acme", "1")
        #expect(try posted(daemon) == "5")
        #expect(try open(daemon).isEmpty)
        try daemon.burn("acme", "0.000001")
        #expect(try posted(daemon) == "4.999999")
        #expect(try open(daemon).map { $0["credits"].text } == ["50"])
        try daemon.burn("acme", "1")
        #expect(try open(daemon).count == 1)
        let unreadable = try admin.call(
            "POST",
            "\(acme)/purchases/1/fail",
            #"{"reason":"a\u0000"}"#
        )
        #expect(unreadable.status == 400 && unreadable.text.contains("U+0000"), "\(unreadable)")
        try admin.request("POST", "\(acme)/purchases/1/fail", #"{"reason":"card declined"}"#)
        #expect(try open(daemon).isEmpty)
        let waits = try admin.request("GET", "\(acme)/topup")
        #expect(waits["failures"].int == 1 && waits["retry_at"].text != nil)
        let status = try admin.call("GET", "/v1/status")
        #expect(status.text.contains("card declined"), "\(status.text)")
        try wait(until: "it asks again by itself", within: 10) {
            try open(daemon).map { $0["purchase"].int } == [2]
        }
        try admin.request("POST", "\(acme)/purchases/2/confirm", #"{"payment":"pi_1"}"#)
        #expect(try posted(daemon) == "53.999999")
        #expect(try admin.request("GET", "\(acme)/topup")["failures"].int == 0)
        try admin.request("DELETE", "\(acme)/topup")
        try daemon.burn("acme", "50")
        #expect(try open(daemon).isEmpty)
    }

    /// The outbox: what was asked for goes to the program, also when the daemon was killed before.
    @Test func `a connector's program is run for each purchase, and again after a kill`() throws {
        let script = "/tmp/meterd-connector-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
        defer { for end in ["", ".log", ".go"] { unlink(script + end) } }
        // It answers only when it may; until then nobody knows what became of the payment.
        let text = """
            #!/bin/sh
            read line
            echo "$line" >> \(script).log
            [ -e \(script).go ] || exit 1
            id=$(echo "$line" | sed 's/.*"id":"\\([^"]*\\)".*/\\1/' | tr / -)
            echo "{\\"status\\":\\"confirmed\\",\\"payment\\":\\"$id\\"}"
            """
        try text.write(toFile: script, atomically: true, encoding: .utf8)
        #expect(chmod(script, 0o755) == 0)
        let daemon = try daemon(
            """
            credit: {name: credit, value: 1, currency: EUR}
            custom: {whole: true, minimum: 5}
            connectors:
              shop: {command: [\(script)], timeout_s: 5, retry_after_s: 1, retry_at_most_s: 1}
            """
        )
        func runs() -> Int {
            let log = try? String(contentsOfFile: script + ".log", encoding: .utf8)
            return log?.split(separator: "\n").count ?? 0
        }
        let admin = daemon.admin
        try admin.request(
            "POST",
            "\(acme)/purchases",
            #"{"credits":"25"}"#,
            headers: ["Idempotency-Key": "k"]
        )
        try wait(until: "the program was run", within: 10) { runs() >= 1 }
        try wait(until: "people are told", within: 10) {
            try admin.call("GET", "/v1/status").text.contains("acme/1")
        }
        #expect(try posted(daemon) == "0")
        daemon.kill()
        let before = runs()
        try daemon.start()
        try wait(until: "it was run again", within: 10) { runs() > before }
        try "".write(toFile: script + ".go", atomically: true, encoding: .utf8)
        try wait(until: "it is paid", within: 15) { try posted(daemon) == "25" }
        #expect(try admin.request("GET", "\(acme)/purchases/1")["payment"].text == "acme-1")
        let log = try String(contentsOfFile: script + ".log", encoding: .utf8)
        #expect(log.contains(#""id":"acme/1","organisation":"acme","purchase":1"#))
        try daemon.waitUntilStored()
        try daemon.expectGreenAudit()
    }

    /// Between the question and the answer of a program, people go on.
    @Test func `a payment that comes when its purchase is settled is booked, or told of`() throws {
        let script = "/tmp/meterd-connector-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
        let numbers = 1...4
        let ends = [""] + numbers.flatMap { [".run-\($0)", ".go-\($0)"] }
        defer { for end in ends { unlink(script + end) } }
        let text = """
            #!/bin/sh
            read line
            number=$(echo "$line" | sed 's/.*"purchase":\\([0-9]*\\).*/\\1/')
            touch \(script).run-$number
            until [ -e \(script).go-$number ]; do sleep 0.05; done
            echo "{\\"status\\":\\"confirmed\\",\\"payment\\":\\"pi_$number\\"}"
            """
        try text.write(toFile: script, atomically: true, encoding: .utf8)
        #expect(chmod(script, 0o755) == 0)
        let daemon = try daemon(
            """
            credit: {name: credit, value: 1, currency: EUR}
            custom: {whole: true, minimum: 5}
            connectors:
              shop: {command: [\(script)], timeout_s: 60, retry_after_s: 1, retry_at_most_s: 1}
            """
        )
        let admin = daemon.admin
        for number in numbers {
            try admin.request(
                "POST",
                "\(acme)/purchases",
                #"{"credits":"2\#(number)"}"#,
                headers: ["Idempotency-Key": "k\(number)"]
            )
        }
        try wait(until: "all programs run", within: 20) {
            numbers.allSatisfy { access("\(script).run-\($0)", F_OK) == 0 }
        }
        func answer(_ number: Int) throws {
            try "".write(toFile: "\(script).go-\(number)", atomically: true, encoding: .utf8)
        }
        // Given up by people; paid by another payment; paid by the same one.
        try admin.request("POST", "\(acme)/purchases/1/fail", #"{"reason":"gone"}"#)
        try admin.request("POST", "\(acme)/purchases/2/confirm", #"{"payment":"cash"}"#)
        try admin.request("POST", "\(acme)/purchases/3/confirm", #"{"payment":"pi_3"}"#)
        #expect(try posted(daemon) == "45")
        for number in 1...3 { try answer(number) }
        try wait(until: "both late payments are booked", within: 15) {
            try posted(daemon) == "88"
        }
        let fifth = try admin.request("GET", "\(acme)/purchases/5")
        let sixth = try admin.request("GET", "\(acme)/purchases/6")
        #expect(Set([fifth["payment"].text, sixth["payment"].text]) == ["pi_1", "pi_2"])
        #expect(try admin.request("GET", "\(acme)/purchases/1")["state"].text == "failed")
        #expect(try admin.request("GET", "\(acme)/purchases/2")["payment"].text == "cash")
        // Nobody's any more: told with its name.
        try admin.close("acme")
        try answer(4)
        try wait(until: "people are told", within: 15) {
            daemon.logTail().contains("took payment \"pi_4\" for purchase acme/4")
        }
        let metrics = try admin.call("GET", "/metrics").text
        #expect(metrics.contains("meterd_payments_unbooked_total 1"))
        try daemon.waitUntilStored()
        try daemon.expectGreenAudit()
    }
}

extension TestDaemon {
    /// Uses up so many credits.
    fileprivate func burn(_ organisation: String, _ credits: String) throws {
        let units = try Amount(decimal: credits).units
        let client = try LineClient(self)
        var usage = Usage(id: "burn-\(UInt64.random(in: 0 ... .max))")
        usage.account = #""org":"\#(organisation)""#
        if units % Amount.unitsPerCredit == 0 {
            usage.model = "token"
            usage.input = Int(units / Amount.unitsPerCredit)
        } else {
            usage.input = Int(units / 1_000_000)
        }
        let answer = try client.report(usage)
        #expect(answer["type"].text == "ack", "\(answer.fields)")
    }
}
