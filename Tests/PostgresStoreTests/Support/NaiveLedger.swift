import Accounting
import Quantities

@testable import PostgresStore

/// What the books must be, computed the plain way: a list of lines and a snapshot for each account.
struct NaiveLedger {
    struct Line: Equatable {
        var kind: LedgerKind
        var amount: Amount
        var balance: Amount
    }

    struct Account {
        var snapshot: OrganisationSnapshot
        var lines: [Line] = []
        var balance = Amount.zero
        var debits: [(line: UInt64, draws: Draws)] = []
        var lastModel: UInt32 = 0
        var charges: [(day: CivilDay, project: UInt32, key: UInt32, charge: Amount)] = []

        mutating func book(_ kind: LedgerKind, _ amount: Amount) {
            balance += amount
            lines.append(Line(kind: kind, amount: amount, balance: balance))
            snapshot.lines += 1
        }

        /// As it is loaded: grants with something left, spends by scope.
        var expected: OrganisationSnapshot {
            var result = snapshot
            result.grants = snapshot.grants.filter { $0.remaining.isPositive }
            // The database keeps whether a grant pays by now, not whether it did from the
            // beginning.
            for index in result.grants.indices {
                result.grants[index].issued.active = result.grants[index].active
            }
            result.spends = spends
            result.caps.sort { one, two in
                let left = (SQLName.of(one.scope), one.id, SQLName.of(one.period))
                return left < (SQLName.of(two.scope), two.id, SQLName.of(two.period))
            }
            return result
        }

        private var spends: [SpendSnapshot] {
            var found: [SpendSnapshot] = [spend(.organisation, 0, charges)]
            for project in Set(charges.map(\.project)).sorted() where project != 0 {
                found.append(spend(.project, project, charges.filter { $0.project == project }))
            }
            for key in Set(charges.map(\.key)).sorted() where key != 0 {
                found.append(spend(.key, key, charges.filter { $0.key == key }))
            }
            return found.filter { !$0.total.isZero }
        }

        private func spend(
            _ scope: Scope,
            _ id: UInt32,
            _ charges: [(day: CivilDay, project: UInt32, key: UInt32, charge: Amount)]
        ) -> SpendSnapshot {
            let today = snapshot.today.day
            func sum(_ counts: (CivilDay) -> Bool) -> Amount {
                charges.filter { counts($0.day) }.reduce(.zero) { $0 + $1.charge }
            }
            return SpendSnapshot(
                scope: scope,
                id: id,
                day: sum { $0 == today },
                week: sum { $0 >= today.weekStart },
                month: sum { $0 >= today.monthStart },
                total: sum { _ in true }
            )
        }
    }

    var accounts: [UInt32: Account] = [:]
}
