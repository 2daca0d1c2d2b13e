@testable import ControlFixture
import ControlPlane
import Engine
@testable import meterctl
import Quantities
import Synchronization
import Testing

/// Goal: each verb asks what it should and prints what people and programs expect.
///
/// Method: command lines against a control plane with a small engine, on a real socket.
@Suite struct ControlVerbTests {
    /// Plays command lines and compares what they print.
    static func play(
        _ lines: [(line: String, out: String)],
        before: (FakeAdministration) -> Void = { _ in }
    ) async throws {
        try await ServerFixture.with { client, administration, _ in
            before(administration)
            for (line, out) in lines {
                if line == "METER" {
                    administration.meter("acme", id: "r-1", charge: Amount(units: 14_574_000_000))
                    continue
                }
                let result = await Terminal.run(line, socket: client.socketPath)
                #expect(result.code == 0, "\(line): \(result.error)")
                #expect(result.out == out, "\(line)")
            }
        }
    }

    static let created = (
        line: "org create acme --zone Europe/Berlin",
        out: """
        Organisation acme is open (number 1, time zone Europe/Berlin).
        Next: meterctl key create acme main

        """
    )

    @Test func `organisations are created, listed, shown and closed`() async throws {
        try await ControlVerbTests.play([
            ControlVerbTests.created,
            ("org list", "acme\n"),
            ("org list --json", "{\"organisations\":[\"acme\"]}\n"),
            (
                "org show acme",
                """
                Organisation  acme (number 1)
                Time zone     Europe/Berlin
                State         CUT OFF: insufficient_credits
                Open holds    0

                WALLET     CREDITS
                posted           0
                held             0
                available        0

                SPENT          CREDITS
                on 2026-03-01        0
                in that week         0
                in that month        0
                ever                 0

                """
            ),
            ("org close acme --reason x --idempotency-key c1", "Organisation acme is closed.\n"),
            ("org close acme --reason x --idempotency-key c1", "Organisation acme is closed.\n"),
        ])
    }

    @Test func `projects and keys are made, and a secret is shown once`() async throws {
        try await ControlVerbTests.play([
            ControlVerbTests.created,
            ("project create acme web", "Project web is there (number 1).\n"),
            ("project list acme", "NUMBER  PROJECT\n     1  web\n"),
            (
                "key create acme main --project web",
                """
                Key main, secret number 1:

                  mk_main_secret1

                It is shown this once: meterd keeps only its hash.

                """
            ),
            ("key revoke acme main", "Key main is revoked.\n"),
            (
                "key list acme",
                """
                KEY   PROJECT  BEGINS   SECRETS  STATE
                main  web      mk_main        1  revoked

                """
            ),
            (
                "key list acme --json",
                "{\"keys\":[{\"generation\":1,\"name\":\"main\",\"number\":1,"
                    + "\"prefix\":\"mk_main\",\"project\":\"web\",\"revoked\":true}]}\n"
            ),
        ])
    }

    @Test func `grants, caps, balance and ledger are read as tables`() async throws {
        try await ControlVerbTests.play([
            ControlVerbTests.created,
            (
                "grant acme 12 --class purchased --reference invoice-7 --idempotency-key k1",
                "Grant 1: 12 credits to acme.\nBalance: 12, available: 12\n"
            ),
            (
                "grant acme 12 --class purchased --reference invoice-7 --idempotency-key k1",
                """
                Nothing added: this call was carried out before as grant 1.
                Balance: 12, available: 12

                """
            ),
            (
                "cap set acme 100 --per month",
                """
                SCOPE  NAME  PER    CAP  SPENT  HELD  RESETS
                org    -     month  100      0     0  2026-04-01T00:00:00Z

                """
            ),
            ("cap clear acme --per month", "No caps.\n"),
            ("METER", ""),
            (
                "balance acme",
                """
                Organisation  acme
                State         open
                Open holds    0

                WALLET       CREDITS
                posted     11.985426
                held        0
                available  11.985426

                SPENT          CREDITS
                on 2026-03-01        0
                in that week         0
                in that month        0
                ever                 0

                """
            ),
            (
                "transactions acme",
                """
                LINE  APPLIED                  KIND         AMOUNT    BALANCE  PROJECT  KEY   \
                DETAIL
                   2  2026-03-01T10:00:00.25Z  usage     -0.014574  11.985426  -        main  \
                claude-sonnet
                   1  2026-03-01T10:00:00.25Z  purchase  12         12         -        -     \
                invoice-7

                """
            ),
            (
                "usage acme",
                """
                LINE  AT                       MODEL          INPUT  CACHED  OUTPUT    CHARGE   \
                MS  STATUS  KEY   ID
                   2  2026-03-01T10:00:00.25Z  claude-sonnet  4,808   1,000      10  0.014574  \
                812  ok      main  r-1

                """
            ),
        ])
    }

    @Test func `filters reach the daemon`() async throws {
        try await ServerFixture.with { client, administration, _ in
            _ = await Terminal.run("org create acme", socket: client.socketPath)
            let result = await Terminal.run(
                "transactions acme --kind usage --from 2026-03-01 --to 2026-04-01T00:00:00+02:00 "
                    + "--before 9 --limit 7",
                socket: client.socketPath
            )
            #expect(result.out == "No lines.\n")
            let filter = administration.state.withLock { $0.filters.last }
            #expect(filter?.kind == "usage")
            #expect(filter?.from?.description == "2026-03-01T00:00:00Z")
            #expect(filter?.to?.description == "2026-03-31T22:00:00Z")
            #expect(filter?.beforeLine == 9)
            #expect(filter?.limit == 7)
            _ = await Terminal.run(
                "usage acme --key main --model m --status error",
                socket: client.socketPath
            )
            let usage = administration.state.withLock { $0.usageFilters.last }
            #expect(usage?.key == "main")
            #expect(usage?.model == "m")
            #expect(usage?.failed == true)
            #expect(usage?.limit == 50)
        }
    }

    @Test func `the audit is green, or exits with 1 and says what is wrong`() async throws {
        try await ServerFixture.with { client, administration, _ in
            let green = await Terminal.run("audit", socket: client.socketPath)
            #expect(green.code == 0)
            #expect(green.out == "Green: 2 organisations, 8,819 lines, 88 credits in all\n")
            administration.state.withLock {
                $0.audit.drifted = 1
                $0.audit.violations = ["acme: line 7 follows line 5."]
            }
            let red = await Terminal.run("audit", socket: client.socketPath)
            #expect(red.code == 1)
            #expect(
                red.out == """
                    NOT GREEN: 2 organisations, 8,819 lines, 88 credits in all
                      - 1 wallet differs between memory and PostgreSQL
                      - acme: line 7 follows line 5.

                    """
            )
            #expect(red.error == "meterctl: The books are not green.\n")
        }
    }

    @Test func `rates are shown and reloaded`() async throws {
        try await ControlVerbTests.play([
            ("rates show", "name: llm-gateway\nmodels: []\n"),
            ("rates show --json", "{\"rates\":\"name: llm-gateway\\nmodels: []\\n\"}\n"),
            ("rates reload", "In force: llm-gateway 77aa01c2\n"),
        ])
    }

    @Test func `a grant without a key tells the one that it made, before it calls`() async throws {
        try await ServerFixture.with { client, _, _ in
            _ = await Terminal.run("org create acme", socket: client.socketPath)
            let result = await Terminal.run("grant acme 5", socket: client.socketPath)
            #expect(result.code == 0)
            let key = result.error.split(separator: " ")[2].dropLast()
            #expect(key.hasPrefix("ctl-"))
            #expect(result.error.contains("--idempotency-key \(key): nothing is done twice."))
            let again = await Terminal.run(
                "grant acme 5 --idempotency-key \(key)",
                socket: client.socketPath
            )
            #expect(again.out.hasPrefix("Nothing added"))
            #expect(again.error.isEmpty)
        }
    }
}
