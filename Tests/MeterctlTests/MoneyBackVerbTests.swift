@testable import ControlFixture
import ControlPlane
import Engine
@testable import meterctl
import Quantities
import Testing

/// Goal: refunds, balances of the past and alerts are asked for and printed as people expect.
///
/// Method: command lines against a control plane with a small engine, on a real socket.
@Suite struct MoneyBackVerbTests {
    @Test func `a refund tells where the credits went`() async throws {
        try await ControlVerbTests.play([
            ControlVerbTests.created,
            (
                "refund acme --line 7 --reason failed --idempotency-key r1",
                """
                Refund 1: 5 credits of line 7: 1 into debt, 4 to grant 3.
                Balance: 0, available: 0

                """
            ),
            (
                "refund acme --request req-1 --day 2026-03-01 --idempotency-key again",
                """
                Nothing changed: this call was carried out before as refund 1.
                Balance: 0, available: 0

                """
            ),
            (
                "refund acme --purchase 3 --amount 2 --reference re_1 --idempotency-key r2",
                """
                Refund 2: 2 credits taken back of grant 3.
                Balance: 0, available: 0

                """
            ),
        ])
    }

    @Test func `a balance of the past shows debt as debt`() async throws {
        try await ControlVerbTests.play([
            ControlVerbTests.created,
            (
                "balance acme --at 2026-03-01T10:00:00Z",
                """
                Organisation  acme
                At            2026-03-01T10:00:00Z
                Balance       -2
                Debt          2
                Last line     9, applied at 2026-03-01T10:00:00.25Z

                """
            ),
        ])
    }

    @Test func `alerts are listed, and what is told is set and reset`() async throws {
        try await ControlVerbTests.play([
            ControlVerbTests.created,
            (
                "alerts acme",
                """
                ALERT   WHEN                     KIND         WHAT             STATE
                acme/1  2026-03-01T10:00:00.25Z  low_balance  99 is below 100  open

                """
            ),
            (
                "alerts set acme --low-balance 20 --low-balance 100 --cap-percent 80 --weekly",
                """
                Set by             the organisation
                Balance below      100, 20
                Of each cap        80 %
                Deployment's cost  -
                Daily summary      no
                Weekly summary     yes

                """
            ),
            (
                "alerts set acme --deployment-cost month=100 --deployment-cost day=5.5",
                """
                Set by             the organisation
                Balance below      -
                Of each cap        -
                Deployment's cost  5.5 a day, 100 a month
                Daily summary      no
                Weekly summary     no

                """
            ),
            (
                "alerts reset acme",
                """
                Set by             the offer
                Balance below      -
                Of each cap        -
                Deployment's cost  -
                Daily summary      no
                Weekly summary     no

                """
            ),
        ])
    }

    @Test(arguments: [
        "refund acme", "refund acme --line 1 --purchase 2", "refund acme --line 1 --day 2026-03-01",
        "refund acme --line 1 --reference x", "alerts list --after 3 --before 9",
        "balance acme --at soon",
        "alerts set acme --low-balance much", "alerts set acme --deployment-cost 5",
        "alerts set acme --deployment-cost year=5", "alerts set acme --deployment-cost day=",
        "alerts set acme --deployment-cost day=1 --deployment-cost day=2",
    ])
    func `a wrong command line is told before anything is asked`(line: String) async {
        #expect(await Terminal.run(line).code == 64)
    }

    @Test func `what cannot go back is an answer, with exit code 1`() async throws {
        try await ServerFixture.with { client, _, _ in
            _ = await Terminal.run("org create acme", socket: client.socketPath)
            let over = "refund acme --line 7 --amount 99 --idempotency-key k"
            let refused = await Terminal.run(over, socket: client.socketPath)
            #expect(refused.code == 1)
            #expect(refused.error.contains("Only 5 is left of it."))
            let none = "refund acme --line 404 --idempotency-key k"
            #expect(await Terminal.run(none, socket: client.socketPath).code == 1)
        }
    }
}
