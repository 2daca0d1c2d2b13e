@testable import ControlFixture
import ControlPlane
@testable import meterctl
import Synchronization
import Testing

/// Goal: scripts can tell what happened by the exit code, people by one line.
///
/// Method: command lines that go wrong in every way, each with code and line.
@Suite struct ExitCodeTests {
    @Test(arguments: [
        ("frobnicate", Int32(64)), ("grant acme twelve", 64), ("grant acme", 64),
        ("cap set acme 1 --per year", 64), ("cap set acme 1 --per day --project a --key b", 64),
        ("send", 64), ("send a.jsonl --trace b.csv", 64), ("send a.jsonl --model m", 64),
        ("send --trace b.csv --org acme", 64), ("send --trace b.csv --model m", 64),
        ("authorize --model m", 64), ("transactions acme --from yesterday", 64),
        ("rates import --litellm x.json --json", 64), ("watch --interval 0", 64),
        ("migrate --config a --connection b", 64), ("demo --credits 0", 64),
        ("--version", 0), ("--help", 0), ("help grant", 0),
    ])
    func `wrong usage is 64, help and version are 0`(line: String, code: Int32) async {
        let result = await Terminal.run(line)
        #expect(result.code == code, "\(result.out)\(result.error)")
        if code == 0 {
            #expect(result.error.isEmpty)
            #expect(!result.out.isEmpty)
        } else {
            #expect(result.out.isEmpty)
            #expect(!result.error.isEmpty)
        }
    }

    @Test func `a daemon that cannot be reached is 69, with the next step`() async {
        let control = await Terminal.run("status", socket: "/nonexistent/control.sock")
        #expect(control.code == 69)
        #expect(
            control.error == "meterctl: Cannot reach meterd on /nonexistent/control.sock: "
                + "no such file or directory. Is meterd running? Give its control socket with "
                + "--socket or METERD_CONTROL_SOCKET.\n"
        )
        let data = await Terminal.run(
            "authorize --org a --model m --data-socket /nonexistent/meterd.sock"
        )
        #expect(data.code == 69)
        #expect(
            data.error == "meterctl: Cannot reach meterd on /nonexistent/meterd.sock: "
                + "no such file or directory. Is meterd running? Give its data socket with "
                + "--data-socket or METERD_DATA_SOCKET.\n"
        )
    }

    @Test func `answers that are no are 1, wrong values 64, later 75`() async throws {
        try await ServerFixture.with { client, administration, _ in
            let socket = client.socketPath
            let missing = await Terminal.run("balance nobody", socket: socket)
            #expect(missing.code == 1)
            #expect(missing.error == "meterctl: There is no organisation \"nobody\".\n")
            _ = await Terminal.run("org create acme", socket: socket)
            let twice = await Terminal.run("org create acme", socket: socket)
            #expect(twice.code == 1)
            let zone = await Terminal.run("org create other --zone Mars/Olympus", socket: socket)
            #expect(zone.code == 64)
            #expect(
                zone.error == "meterctl: zone: \"Mars/Olympus\" is not an IANA time zone\n"
            )
            administration.state.withLock { $0.unavailable = true }
            let later = await Terminal.run("transactions acme", socket: socket)
            #expect(later.code == 75)
            #expect(later.out.isEmpty)
        }
    }

    @Test(arguments: [
        ("plan_required", 403), ("coupon_redeemed", 409), ("payment_used", 409),
        ("purchase_settled", 409), ("invalid_key", 401), ("refund_not_offered", 409),
    ])
    func `a refusal by what is sold is no bug`(code: String, status: Int) throws {
        let text = #"{"error":{"code":"\#(code)","message":"No."}}"#
        let body = try ControlJSON.read(ProblemBody.self, from: Array(text.utf8))
        #expect(Failure(body.error, httpStatus: status) == Failure(.negative, "No."))
    }

    @Test func `wrong files are 78`() async {
        let config = await Terminal.run("config check /nonexistent/meterd.yaml")
        #expect(config.code == 78)
        let card = await Terminal.run("rates check /nonexistent/rates.yaml")
        #expect(card.code == 78)
        #expect(card.error.hasPrefix("meterctl: /nonexistent/rates.yaml"))
    }
}
