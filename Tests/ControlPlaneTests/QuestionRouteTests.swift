@testable import ControlFixture
import ControlPlane
import Engine
import Quantities
import Testing

/// Goal: questions and corrections are answered as HTTP.md says.
///
/// Method: calls over a real Unix socket to a small engine, comparing bodies byte for byte.
@Suite struct QuestionRouteTests {
    @Test func `what is asked of the money is answered`() async throws {
        try await RouteTests.play([
            RouteTests.create,
            RouteTests.Step("METER", 0, ""),
            RouteTests.Step(
                "GET /v1/organisations/acme/spend?by=key&days=7",
                200,
                #"""
                {"before":"0","by":"key","from":"2026-02-23","rows":[{"cache_hits":0,\#
                "cache_read_input_tokens":0,"cache_write_input_tokens":0,\#
                "charged":"0.014574","corrected":"0","failed":0,"input_tokens":0,"name":"main",\#
                "output_tokens":0,"requests":1,"spend":"0.014574"}],"through":"2026-03-01",\#
                "total":"0.014574","trend":"up"}
                """#
            ),
            RouteTests.Step(
                "GET /v1/organisations/acme/suggestions",
                200,
                #"""
                {"days":30,"suggestions":[{"figures":{"input_tokens":"4808"},\#
                "kind":"cached_input","saving":"0.014574","subject":"claude-sonnet",\#
                "text":"Cache more."}]}
                """#
            ),
            RouteTests.Step(
                "GET /api/billing/credits?organisation=acme",
                200,
                #"""
                {"available":"-0.014574","balance":"-0.014574","history":[{"amount":"-0.014574",\#
                "balance":"-0.014574","id":1,"kind":"usage","resource":{"detail":\#
                "claude-sonnet"},"time":"2026-03-01T10:00:00.25Z","type":"deduction"}],\#
                "organisation":"acme"}
                """#
            ),
            RouteTests.Step(
                "GET /v1/rerates/progress",
                200,
                #"""
                {"booked":0,"corrections":0,"days":0,"days_done":0,"requests":0,"running":false}
                """#
            ),
        ])
    }

    @Test func `an export is handed over piece by piece, and a refusal is an answer`()
        async throws
    {
        try await ServerFixture.with { client, administration, _ in
            _ = try await client.call("POST /v1/organisations", #"{"name":"acme"}"#)
            for number in 1...5_000 {
                administration.meter("acme", id: "r,\(number)", charge: Amount(units: 3))
            }
            var request = ControlRequest(.get, "v1", "organisations", "acme", "export")
            request.filter("what", "usage")
            let text = Pieces()
            let refusal = try await ControlClient(socketPath: client.socketPath)
                .stream(request) { text.add($0) }
            #expect(refusal == nil)
            let rows = text.all.split(separator: "\r\n")
            #expect(rows.count == 5_002)
            #expect(rows[1].contains(#","r,1","#))
            #expect(rows[5_001].hasPrefix("total,,,5000 lines,"))
            #expect(rows[5_001].contains(",0.000000015,"))
            request.filter("format", "xml")
            let refused = try await ControlClient(socketPath: client.socketPath)
                .stream(request) { text.add($0) }
            #expect(refused?.status == 400)
            #expect(refused?.text.contains("format") == true)
        }
    }

    private final class Pieces {
        private var bytes: [UInt8] = []

        func add(_ more: [UInt8]) { bytes += more }
        var all: String { String(decoding: bytes, as: UTF8.self) }
    }
}
