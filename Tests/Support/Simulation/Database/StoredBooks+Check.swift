import Accounting
import PostgresStore
import Quantities

// MARK: - What must always hold

extension StoredBooks {
    /// Looks at every row of every table, the slow way.
    ///
    /// - Returns: The first thing that does not fit, or nil.
    package func firstInconsistency() -> String? {
        for (org, rows) in organisations.sorted(by: { $0.key < $1.key }) {
            if let fault = rows.firstInconsistency() { return "organisation \(org): \(fault)" }
        }
        return nil
    }
}

extension StoredOrganisation {
    /// Chain, wallet, grants and rollups against the lines.
    func firstInconsistency() -> String? {
        var balance: Int128 = 0
        var sums: [RollupKey: RollupSums] = [:]
        var machines: Int128 = 0
        for (index, line) in lines.enumerated() {
            if line.line != UInt64(index) + 1 { return "line \(index + 1) has number \(line.line)" }
            balance += line.amount.units
            if line.balance.units != balance {
                return "line \(line.line) has balance \(line.balance), the sum is \(balance)"
            }
            if line.kind == .machine { machines -= line.amount.units }
            guard line.kind == .usage || line.kind == .correction else { continue }
            let key = RollupKey(
                day: line.day.number,
                project: line.project,
                key: line.key,
                model: line.model
            )
            if line.kind == .usage {
                sums[key, default: RollupSums()].add(line)
            } else {
                sums[key, default: RollupSums()].corrected -= line.amount.units
            }
        }
        if lineCount != UInt64(lines.count) { return "\(lines.count) lines, \(lineCount) counted" }
        if self.balance.units != balance {
            return "balance \(self.balance), its lines give \(balance)"
        }
        if let fault = refundFault() { return fault }
        if rollups != sums { return "the rollups are not the sums of the lines" }
        if machineRollups.values.reduce(0, { $0 + $1.amount }) != machines {
            return "the rollups of machines are not the sums of their lines"
        }
        return firstWalletFault()
    }

    /// What can be told from the wallet's and the grants' rows alone.
    func firstWalletFault() -> String? {
        var left = Amount.zero
        var isSpendable = false
        for (number, grant) in grants {
            if grant.remaining.isNegative { return "grant \(number) has given more than it had" }
            if grant.remaining > grant.issued.amount { return "grant \(number) has grown" }
            guard grant.active else { continue }
            left += grant.remaining
            if !grant.expired, grant.remaining.isPositive { isSpendable = true }
        }
        if debt.isNegative { return "debt \(debt)" }
        if balance != left - debt { return "balance \(balance), grants hold \(left), debt \(debt)" }
        if debt.isPositive, isSpendable { return "debt \(debt) beside credits" }
        if closed, !holds.isEmpty { return "a closed wallet has holds" }
        if closed, left.isPositive { return "a closed wallet has credits" }
        return nil
    }
}

/// What was ever committed, so that nothing is committed twice.
struct CommitHistory {
    private var sequences: [UInt32: Set<UInt64>] = [:]
    private var identities: [UInt128: Timestamp] = [:]
    private var skipped: [UInt32: Set<UInt64>] = [:]
    /// How long an identity must be told again.
    var identityMicroseconds: Int64 = 86_400_000_000

    init() {}

    /// Takes in a committed transaction.
    ///
    /// - Returns: What was there before, as words.
    mutating func add(_ result: TransactionResult) -> String? {
        var fault: String?
        for (org, line) in result.lines where line.kind == .usage {
            if line.producer != 0, line.sequence != 0 {
                let what = "sequence \(line.sequence) of producer \(line.producer)"
                if !sequences[line.producer, default: []].insert(line.sequence).inserted {
                    fault = "\(what) has a second line, in organisation \(org)"
                }
                if skipped[line.producer]?.contains(line.sequence) == true {
                    fault = "\(what) was rejected and has a line, in organisation \(org)"
                }
            }
            guard line.identity != 0 else { continue }
            let before = identities.updateValue(line.appliedAt, forKey: line.identity)
            if let before,
                line.appliedAt.microseconds - before.microseconds < identityMicroseconds
            {
                fault = "an identity has a second line, in organisation \(org)"
            }
        }
        for (producer, sequence) in result.skipped {
            if sequences[producer]?.contains(sequence) == true {
                fault = "sequence \(sequence) of producer \(producer) has a line and is rejected"
            }
            skipped[producer, default: []].insert(sequence)
        }
        return fault
    }

    /// Whether a producer's row says what was committed, no more and no less.
    func fault(in progress: SequenceSet, of producer: UInt32) -> String? {
        let all = (sequences[producer] ?? []).union(skipped[producer] ?? [])
        var wanted = SequenceSet()
        for sequence in all.sorted() { wanted.insert(sequence) }
        return progress == wanted
            ? nil
            : "producer \(producer) stands at \(progress.contiguous), not \(wanted.contiguous)"
    }
}
