@testable import ControlFixture
import ControlPlane
@testable import meterctl
import Testing

/// Goal: plans, coupons, billing, adjustments and invoices are read as text.
///
/// Method: transcripts against a fake engine.
@Suite struct TermsVerbTests {
    @Test func `a plan is set, changed for later, and shown`() async throws {
        try await ControlVerbTests.play([
            ControlVerbTests.created,
            ("plan show acme", "No plan.\n"),
            (
                "plan set acme team",
                """
                Plan:          team
                API access:    yes
                May purchase:  yes
                Included:      20 a month, which lapse at its end
                Period:        from 2026-03-01 to 2026-04-01T00:00:00Z

                """
            ),
            (
                "plan set acme free --at period_end",
                """
                Plan:          team
                API access:    yes
                May purchase:  yes
                Included:      20 a month, which lapse at its end
                Period:        from 2026-03-01 to 2026-04-01T00:00:00Z
                Next:          free, when the period ends

                """
            ),
        ])
    }

    @Test func `coupons, billing, adjustments and invoices`() async throws {
        try await ControlVerbTests.play([
            ControlVerbTests.created,
            ("coupon list acme", "No coupons.\n"),
            (
                "coupon redeem acme WELCOME",
                "Coupon WELCOME is redeemed: grant 1.\nBalance: 100, available: 100\n"
            ),
            ("coupon list acme", "WELCOME\n"),
            ("billing show acme", "Billing: prepaid\n"),
            (
                "billing set acme invoice --net-days 14 --purchase-order PO-4711",
                "Billing: invoice, due after 14 days, purchase order PO-4711\n"
            ),
            (
                "adjust acme 7.5 --actor ada --reason goodwill --idempotency-key a1",
                "Adjusted.\nBalance: 107.5, available: 107.5\n"
            ),
            (
                "invoice acme",
                """
                Invoice acme-2026-03, issued 2026-04-01, due 2026-05-01, purchase order PO-4711
                KIND   NAME           REQUESTS  INPUT  OUTPUT   AMOUNT
                model  claude-sonnet         2   1000      10  1.23725
                Total: 1.23725

                """
            ),
        ])
    }

    @Test(arguments: [
        ("plan set acme gold", "There is no plan \"gold\"."),
        ("plan set nobody team", "There is no organisation \"nobody\"."),
        ("coupon redeem acme X", "There is no coupon \"X\"."),
        ("billing set acme barter", "mode: \"barter\" is none of prepaid, invoice, unmetered"),
    ])
    func `what is refused is 1 with its reason`(call: String, reason: String) async throws {
        try await ServerFixture.with { client, _, _ in
            _ = await Terminal.run("org create acme", socket: client.socketPath)
            let result = await Terminal.run(call, socket: client.socketPath)
            #expect(result.code != 0)
            #expect(result.error.contains(reason), "\(result.error)")
        }
    }
}
