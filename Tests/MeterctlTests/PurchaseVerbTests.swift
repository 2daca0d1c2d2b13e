import ControlPlane
import Engine
@testable import meterctl
import Quantities
import Testing

/// Goal: people can buy, see what is open, print receipts and set top-ups.
@Suite struct PurchaseVerbTests {
    @Test func `a purchase is asked for, confirmed and printed`() async throws {
        try await ControlVerbTests.play([
            ControlVerbTests.created,
            (
                "purchase create acme --pack starter --idempotency-key k",
                """
                Purchase acme/1: 1000000 credits for EUR 5, waits for a payment by manual.
                Balance: 0, available: 0

                """
            ),
            (
                "purchase confirm acme 1 --payment pi_1",
                """
                Purchase acme/1: 1000000 credits for EUR 5, paid; receipt 1.
                Balance: 1000000, available: 1000000

                """
            ),
            (
                "purchase confirm acme 1 --payment pi_1",
                """
                Nothing added: purchase acme/1 was paid by this payment before.
                Balance: 1000000, available: 1000000

                """
            ),
            (
                "receipt acme 1",
                """
                RECEIPT acme-1

                Organisation  acme
                Purchase      acme/1
                Paid at       2026-03-01T10:00:00.25Z
                Payment       pi_1

                Pack starter: 1000000 credits
                Total: EUR 5

                """
            ),
            ("purchase list acme --open", "No purchases.\n"),
            (
                "purchase create acme --credits 25 --payment bank-7",
                """
                Purchase acme/2: 25 credits for EUR 25, paid; receipt 2.
                Balance: 1000025, available: 1000025

                """
            ),
        ])
    }

    @Test func `a purchase fails with a reason`() async throws {
        try await ControlVerbTests.play([
            ControlVerbTests.created,
            (
                "purchase create acme --credits 3 --idempotency-key k",
                """
                Purchase acme/1: 3 credits for EUR 3, waits for a payment by manual.
                Balance: 0, available: 0

                """
            ),
            (
                "purchase fail acme 1 --reason declined",
                """
                Purchase acme/1 has failed: declined.
                Balance: 0, available: 0

                """
            ),
        ])
    }

    @Test func `what is open is listed of all organisations`() async throws {
        try await ControlVerbTests.play([
            ControlVerbTests.created,
            ("purchase list --open", "No purchases.\n"),
            (
                "purchase create acme --pack starter --idempotency-key k",
                """
                Purchase acme/1: 1000000 credits for EUR 5, waits for a payment by manual.
                Balance: 0, available: 0

                """
            ),
            (
                "purchase list --open",
                """
                PURCHASE  PACK     CREDITS  PRICE  ASKED                    BY    CONNECTOR
                acme/1    starter  1000000  EUR 5  2026-03-01T10:00:00.25Z  call  manual

                """
            ),
        ])
        for line in ["purchase list", "purchase list --open --before 3"] {
            #expect(await Terminal.run(line).code == 64)
        }
    }

    @Test func `a top-up is set, shown and switched off and on`() async throws {
        func text(_ state: String, _ limit: String = "of at most EUR 50") -> String {
            """
            Top-up      \(state)
            Below       200000
            Buys        pack starter, 1000000 credits for EUR 5
            Connector   manual
            This month  EUR 0 asked for, \(limit)

            """
        }
        try await ControlVerbTests.play([
            ControlVerbTests.created,
            ("topup show acme", "Top-up      off, and never set\n"),
            ("topup set acme --below 200000 --pack starter", text("on")),
            ("topup off acme", text("off")),
            ("topup on acme", text("on")),
            ("topup set acme --monthly-limit none", text("on", "without a limit")),
        ])
    }
}
