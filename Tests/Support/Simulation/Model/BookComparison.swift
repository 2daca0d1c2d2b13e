import Accounting
import Quantities

/// Compares wallets of the daemon with those of the model; keeps the first difference.
package struct BookComparison {
    /// The first difference, as words.
    package private(set) var difference: String?

    package init() {}

    mutating func expect(_ condition: Bool, _ promise: @autoclosure () -> String) {
        if !condition, difference == nil { difference = promise() }
    }

    mutating func expectEqual<Value: Equatable>(
        _ book: Value,
        _ model: Value,
        _ subject: @autoclosure () -> String
    ) {
        expect(book == model, "\(subject()): book \(book), model \(model)")
    }

    /// Compares everything that is known of one organisation.
    ///
    /// - Parameters:
    ///   - org: Its number.
    ///   - book: The daemon's book.
    ///   - model: The model's wallet.
    package mutating func compare(_ org: UInt32, _ book: AccountBook, _ model: NaiveOrganisation) {
        guard let mine = book.organisation(org) else {
            return expect(false, "organisation \(org) is known to the model alone")
        }
        expectEqual(mine.posted.units, model.posted, "posted of \(org)")
        expectEqual(mine.held.units, model.held, "held of \(org)")
        expectEqual(mine.available.units, model.available, "available of \(org)")
        expectEqual(mine.debt.units, model.debt, "debt of \(org)")
        expectEqual(mine.lines, model.lines, "lines of \(org)")
        expectEqual(mine.closed, model.closed, "closed of \(org)")
        expectEqual(mine.lastHold, model.lastHold, "last hold of \(org)")
        expectEqual(Int(mine.openHolds), model.holds.count, "open holds of \(org)")
        let begun = model.grants.filter(\.begun).reduce(Int128(0)) { $0 + $1.remaining }
        expectEqual(model.posted, begun - model.debt, "the model's own books of \(org)")
        compareGrants(mine, model)
        compareHolds(org, book, model)
        compareScopes(mine, model)
        compareTerms(org, book, model)
        compareShop(org, book, model)
        if !model.fleet.machines.isEmpty { compareFleet(org, book, model) }
    }

    private mutating func compareGrants(_ mine: Organisation, _ model: NaiveOrganisation) {
        let order = mine.grants.filter { $0.active && !$0.expired }.map(\.number)
        let alive = model.burnOrder.filter { model.grants[$0].remaining > 0 }
        expectEqual(order, alive.map { model.grants[$0].number }, "burn order")
        let live = model.closed ? [] : model.grants.filter { $0.remaining > 0 }
        expectEqual(mine.grants.count, live.count, "live grants")
        for grant in live {
            guard let other = mine.grants.first(where: { $0.number == grant.number }) else {
                return expect(false, "grant \(grant.number) is known to the model alone")
            }
            expectEqual(other.remaining.units, grant.remaining, "left of \(grant.number)")
            expectEqual(other.held.units, model.kept(of: grant.number), "kept of \(grant.number)")
            expectEqual(other.active, grant.begun, "active \(grant.number)")
            expectEqual(other.expired, grant.lapsed, "expired \(grant.number)")
        }
    }

    private mutating func compareHolds(
        _ org: UInt32,
        _ book: AccountBook,
        _ model: NaiveOrganisation
    ) {
        for hold in model.holds {
            guard let other = book.hold(HoldNumber(org: OrgNumber(org), serial: hold.serial)) else {
                return expect(false, "hold \(hold.serial) is open in the model alone")
            }
            expectEqual(other.draws.parts, hold.parts, "grants of hold \(hold.serial)")
            expectEqual(other.amount.units, hold.amount, "amount of hold \(hold.serial)")
            expectEqual(other.expiresAt.microseconds, hold.expires, "end of hold \(hold.serial)")
        }
    }

    private mutating func compareScopes(_ mine: Organisation, _ model: NaiveOrganisation) {
        // Days turn when somebody looks: until then the counters stand at the day before.
        let isToday = mine.today.end.microseconds > model.now
        expectEqual(mine.projects.count, Int(model.projects), "projects")
        expectEqual(mine.keys.count, model.keys.count, "keys")
        guard difference == nil else { return }
        for scope in model.scopes {
            let state = mine.state(of: scope)
            let sums = model.spent(by: scope)
            expectEqual(state.spend.total.units, sums[3], "total spend of \(scope)")
            expectEqual(state.held.units, model.held(by: scope), "held of \(scope)")
            if isToday {
                let windows = [
                    state.spend.day.units, state.spend.week.units, state.spend.month.units,
                ]
                expectEqual(windows, Array(sums[0..<3]), "spend of \(scope)")
            }
            // Between two records of one command a day may have ended that is not turned yet.
            if !model.closed, isToday {
                let isCutOff = state.cutoffs.contains(.spendCap)
                expectEqual(isCutOff, model.isCutOffByCap(scope), "cap cutoff of \(scope)")
                expectEqual(!state.cutoffs.isEmpty, model.isCutOff(scope), "cutoff of \(scope)")
            }
        }
        expectEqual(
            mine.cutoffs.contains(.insufficientCredits),
            model.posted <= 0 && model.terms.mode == 1,
            "cutoff for lack of credits"
        )
    }
}

extension Organisation {
    /// What is counted for a scope that there is.
    fileprivate func state(
        of scope: NaiveScope
    ) -> (spend: Spend, held: Amount, cutoffs: CutoffReasons) {
        switch scope.scope {
        case 1: return (spend, held, cutoffs)
        case 2:
            let project = projects[Int(scope.id) - 1]
            return (project.spend, project.held, project.cutoffs)
        default:
            let key = keys[Int(scope.id) - 1].scope
            return (key.spend, key.held, key.cutoffs)
        }
    }
}
