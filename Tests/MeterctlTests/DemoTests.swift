@testable import ControlFixture
import Engine
@testable import meterctl
import Quantities
import Synchronization
import Testing

/// Goal: the demonstration tells the truth: it ends well only when every number matches.
///
/// Method: the whole story against a small world with one wallet, honest or not.
@Suite struct DemoTests {
    /// A world in which each request costs half a credit.
    private func play(
        losing lost: UInt64 = 0
    ) async throws -> (outcome: DemoOutcome?, failure: Failure?, text: String) {
        let administration = FakeAdministration()
        administration.state.withLock {
            $0.report.stored = $0.report.accepted
            $0.report.journalStored = $0.report.journalSynced
        }
        let organisation = "demo-test"
        let price = Amount(units: Amount.unitsPerCredit / 2)
        let meter = FakeMeter(
            organisation: organisation,
            book: { usage in
                // A dishonest world forgets an event that it acknowledged.
                if usage.sequence != lost {
                    administration.meter(organisation, id: usage.id, charge: price)
                }
                return !DemoTests.hasCredits(administration, organisation)
            },
            isRestored: { DemoTests.hasCredits(administration, organisation) }
        )
        defer { meter.stop() }
        return try await ServerFixture.with(administration: administration) { client, _, _ in
            let plan = DemoStory.Plan(
                organisation: organisation,
                model: "m",
                credits: Amount(credits: 12),
                topUp: Amount(credits: 50),
                dataPath: meter.path,
                patienceSeconds: 20
            )
            let captured = CapturedText()
            let console = Console(
                write: { captured.add($0) },
                writeError: { captured.add($0) },
                isTerminal: false
            )
            return try await Console.$current.withValue(console) {
                do {
                    let outcome = try await DemoStory(plan: plan, client: client).play()
                    return (outcome, nil, captured.text)
                } catch let failure as Failure {
                    return (nil, failure, captured.text)
                }
            }
        }
    }

    private static func hasCredits(_ world: FakeAdministration, _ organisation: String) -> Bool {
        world.state.withLock { $0.accounts[organisation]?.info.wallet.posted.isPositive ?? false }
    }

    @Test func `an honest world ends with equal numbers`() async throws {
        let (outcome, failure, text) = try await play()
        #expect(failure == nil)
        let found = try #require(outcome)
        #expect(found.mismatches.isEmpty, "\(found.mismatches)")
        #expect(found.sent >= 24 + 25)
        #expect(found.sent == found.stored)
        let figures =
            "sent \(found.sent) = applied \(found.sent) = journaled \(found.sent) = stored "
        #expect(text.contains(figures + "\(found.sent)\n"))
        let order = [
            "Organisation demo-test is open.", "Grant 1: 12 credits purchased.", "CUT OFF",
            "The next request is refused. Its client gets HTTP 402:", "insufficient_credits",
            "Grant 2: 50 credits purchased.", "RESTORED", "more requests have run.",
            "The ledger's last lines:", "sent ", "audit: Green",
        ]
        var rest = text[...]
        for part in order {
            let range = try #require(rest.firstRange(of: part), "\(part) comes in its place")
            rest = rest[range.upperBound...]
        }
    }

    @Test func `a world that loses an acknowledged event is found out`() async throws {
        let (outcome, _, text) = try await play(losing: 3)
        let found = try #require(outcome)
        #expect(found.mismatches.count >= 1)
        #expect(found.stored < found.sent)
        #expect(text.contains("!= applied"))
    }

    @Test func `numbers that do not match are named`() {
        var outcome = DemoOutcome(
            organisation: "o",
            sent: 10,
            applied: 10,
            journaled: 10,
            stored: 10,
            granted: Amount(credits: 5),
            charged: Amount(credits: 3),
            balance: Amount(credits: 2),
            green: true
        )
        #expect(DemoProof.mismatches(outcome).isEmpty)
        outcome.stored = 9
        outcome.balance = Amount(credits: 1)
        outcome.green = false
        #expect(
            DemoProof.mismatches(outcome) == [
                "The counts differ: sent 10 = applied 10 = journaled 10 != stored 9.",
                "Granted 5 less charged 3 is not the balance 1.", "The audit is not green.",
            ]
        )
    }
}

/// Keeps what is printed.
final class CapturedText: Sendable {
    private let kept = Mutex("")

    var text: String { kept.withLock { $0 } }

    func add(_ text: String) {
        kept.withLock { $0 += text }
    }
}
