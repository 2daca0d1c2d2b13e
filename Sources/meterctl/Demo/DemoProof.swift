import ControlPlane
import Quantities

/// What the demonstration found, each number from another witness.
struct DemoOutcome: Sendable, Encodable, Equatable {
    /// The organisation.
    var organisation: String
    /// Usage events that the gateways sent, by their own count.
    var sent: UInt64
    /// Debits in the wallet's ledger, by the daemon's memory.
    var applied: UInt64
    /// Usage events that were acknowledged, and so are in the journal.
    var journaled: UInt64
    /// Requests in the log in PostgreSQL.
    var stored: UInt64
    /// What was granted in all.
    var granted: Amount
    /// The sum of the charges in the log.
    var charged: Amount
    /// The balance, by the daemon's memory.
    var balance: Amount
    /// Whether the audit is green.
    var green: Bool
    /// What does not match, a sentence each.
    var mismatches: [String] = []
}

/// Holds the demonstration's numbers against each other.
struct DemoProof: Sendable {
    let plan: DemoStory.Plan
    let client: ControlClient
    let board: DemoBoard.State

    /// Collects the numbers, shows the ledger's end, and says what does not match.
    func prove() async throws -> DemoOutcome {
        try await waitUntilStored()
        try await showLedger()
        let balance = try await ask(BalanceBody.self, path("balance"))
        let (stored, charged) = try await readLog()
        var auditRequest = ControlRequest(.post, "v1", "audit")
        auditRequest.body = try Fields([("organisation", plan.organisation)]).json
        let audit = try await ask(AuditBody.self, auditRequest)
        // Two grants are the wallet's only lines that are no usage.
        let grants: UInt64 = 2
        var outcome = DemoOutcome(
            organisation: plan.organisation,
            sent: board.sent,
            applied: balance.wallet.lines - min(grants, balance.wallet.lines),
            journaled: board.acked,
            stored: stored,
            granted: plan.credits + plan.topUp,
            charged: charged,
            balance: balance.wallet.posted,
            green: audit.green
        )
        outcome.mismatches = DemoProof.mismatches(outcome)
        show(outcome, AuditText.text(of: audit))
        return outcome
    }

    /// What cannot be if nothing was lost and nothing counted twice.
    static func mismatches(_ outcome: DemoOutcome) -> [String] {
        var found: [String] = []
        let counts = [outcome.applied, outcome.journaled, outcome.stored]
        if counts.contains(where: { $0 != outcome.sent }) {
            found.append("The counts differ: \(DemoText.figures(outcome)).")
        }
        if outcome.granted - outcome.charged != outcome.balance {
            found.append(
                "Granted \(outcome.granted) less charged \(outcome.charged) is not the balance "
                    + "\(outcome.balance)."
            )
        }
        if !outcome.green { found.append("The audit is not green.") }
        return found
    }

    // MARK: - Collecting

    private func waitUntilStored() async throws {
        let deadline = Blocking.nanoseconds + plan.patienceSeconds * 1_000_000_000
        while true {
            let status = try await ask(StatusBody.self, ControlRequest(.get, "v1", "status"))
            let positions = status.positions
            if positions.stored >= positions.accepted,
                status.journal.stored >= status.journal.synced
            {
                return
            }
            guard Blocking.nanoseconds < deadline else {
                throw Failure(
                    .temporary,
                    "PostgreSQL is behind after \(plan.patienceSeconds) s: stored "
                        + "\(positions.stored) of \(positions.accepted). See meterctl status."
                )
            }
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    private func showLedger() async throws {
        var request = path("transactions")
        request.filter("limit", "6")
        var page = try await ask(TransactionsBody.self, request)
        page.nextBefore = nil
        Console.line("The ledger's last lines:")
        Console.line(LedgerText.table(page))
    }

    private func readLog() async throws -> (count: UInt64, charged: Amount) {
        var count: UInt64 = 0
        var charged = Amount.zero
        var before: UInt64?
        repeat {
            var request = path("usage")
            request.filter("limit", "1000")
            request.filter("before", before.map { "\($0)" })
            let page = try await ask(UsagePageBody.self, request)
            count += UInt64(page.usage.count)
            for line in page.usage { charged += line.charge }
            before = page.nextBefore
        } while before != nil
        return (count, charged)
    }

    private func show(_ outcome: DemoOutcome, _ audit: String) {
        Console.line(DemoText.figures(outcome))
        Console.line(
            "granted \(outcome.granted) - charged \(outcome.charged) = balance \(outcome.balance)"
        )
        Console.current.write("audit: " + audit)
    }

    private func path(_ part: String) -> ControlRequest {
        ControlRequest(.get, of: plan.organisation, part)
    }

    private func ask<Body: Decodable>(
        _ type: Body.Type,
        _ request: ControlRequest
    ) async throws -> Body {
        try Control.read(type, from: try await Control.ask(request, of: client))
    }
}
