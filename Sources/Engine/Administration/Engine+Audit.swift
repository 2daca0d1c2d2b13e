import Accounting
import Journaling
import PostgresStore
import Quantities
import Rings
import Wire

extension Engine {
    /// Proves the books: every chain, every sum, and memory against PostgreSQL.
    ///
    /// Memory runs ahead of PostgreSQL while there is traffic. Its wallets are therefore noted
    /// first, then PostgreSQL catches up with that moment, and each wallet is compared at the line
    /// that memory had.
    ///
    /// - Parameter organisation: One, or nil for all.
    /// - Returns: What was proved, and every violation found.
    /// - Throws: `AdministrationError`; `unavailable` while PostgreSQL is away.
    public func audit(
        organisation: String?
    ) async throws(AdministrationError) -> AuditReport {
        var only: UInt32?
        if let organisation { only = try number(organisation) }
        let memory = await wallets(only: only)
        try await waitForStore()
        let org = only.map { OrgNumber($0) }
        let names = directory
        let proved = try await reader.ask(.audit) { reader throws(StoreError) -> ProvedBooks in
            var wallets: [UInt32: AuditedWallet] = [:]
            let report = try reader.audit(org: org, violationLimit: 100) {
                wallets[$0.org.raw] = $0
            }
            return ProvedBooks(
                organisations: UInt64(report.organisations),
                lines: report.lines,
                balance: report.balances,
                violations: report.violations,
                wallets: wallets
            )
        }
        var violations = proved.violations.map { violation in
            "\(names.name(of: .org, org: violation.org.raw, id: 0)): "
                + "\(violation.fault.explanation) At line \(violation.line): found "
                + "\(violation.found), expected \(violation.expected)."
        }
        var drifted: UInt64 = 0
        for (org, wallet) in memory.sorted(by: { $0.key < $1.key }) {
            let stored = proved.wallets[org]
            // A wallet that has moved on since is compared by the next audit.
            if let stored, stored.lines > wallet.lines { continue }
            let lines = stored?.lines ?? 0
            let balance = stored?.balance ?? .zero
            if lines == wallet.lines, balance == wallet.posted { continue }
            drifted += 1
            guard violations.count < 100 else { continue }
            violations.append(
                "\(names.name(of: .org, org: org, id: 0)): memory has \(wallet.lines) lines and a "
                    + "balance of \(wallet.posted), PostgreSQL has \(lines) and \(balance)."
            )
        }
        return AuditReport(
            organisations: proved.organisations,
            lines: proved.lines,
            balance: proved.balance,
            drifted: drifted,
            violations: violations
        )
    }

    /// What PostgreSQL says of its own books.
    private struct ProvedBooks: Sendable {
        let organisations: UInt64
        let lines: UInt64
        let balance: Amount
        let violations: [AuditViolation]
        let wallets: [UInt32: AuditedWallet]
    }

    private struct MemoryWallet: Sendable {
        let lines: UInt64
        let posted: Amount
    }

    private func wallets(only: UInt32?) async -> [UInt32: MemoryWallet] {
        var all: [UInt32: MemoryWallet] = [:]
        for shard in shards {
            let part: [UInt32: MemoryWallet] = await withCheckedContinuation { continuation in
                shard.inbox.put { shard in
                    var found: [UInt32: MemoryWallet] = [:]
                    for book in shard.ownBooks {
                        for organisation in book.all
                        where only == nil || organisation.number == only {
                            found[organisation.number] = MemoryWallet(
                                lines: organisation.lines,
                                posted: organisation.posted
                            )
                        }
                    }
                    let wallets = found
                    // Durable first: PostgreSQL is only given what is.
                    shard.finish { continuation.resume(returning: wallets) }
                }
                shard.stage.kick()
            }
            all.merge(part) { first, _ in first }
        }
        return all
    }

    /// Waits until PostgreSQL has everything that is durable now.
    func waitForStore() async throws(AdministrationError) {
        let target = journal.positions.synced
        let deadline = time.now().advanced(byMicroseconds: 120_000_000)
        while storePosition.value < target {
            guard storePosition.isConnected, time.now() < deadline else {
                throw .unavailable(reason: "it has not caught up with the journal.")
            }
            do {
                try await Task.sleep(for: .milliseconds(20))
            } catch {
                throw .unavailable(reason: "the call was given up.")
            }
        }
    }
}
