import Accounting
import Quantities

/// Gives the same random commands to an `AccountBook` and to a `NaiveLedger`, and compares them.
///
/// Method: no `#expect` inside, which would cost more than the step; the first difference is kept
/// as text and ends the run.
final class Duel {
    static let orgs: [UInt32] = [1, 17, 33]
    let seed: UInt64
    let book: AccountBook
    let buffer = RecordBuffer(capacity: 1 << 20)
    var ledger = NaiveLedger()
    var random: SeededRandom
    var now = Timestamp(microseconds: 1_772_000_000_000_000)
    var step = 0
    /// What the present step does, for the message.
    var doing = ""
    /// The first difference found.
    private(set) var difference: String?

    /// What was asked for with an identity, and when: repeats must be recognised.
    var usages: [(usage: UsageChange, at: Timestamp)] = []
    var grants: [(issued: GrantIssued, org: UInt32, number: GrantNumber, at: Timestamp)] = []
    var identities: UInt128 = 0
    /// What listeners were told last.
    var told: [UInt32: [NaiveScope: Bool]] = [:]
    var tally: [String: Int] = [:]

    init(seed: UInt64) {
        self.seed = seed
        random = SeededRandom(seed: seed)
        book = AccountBook(partition: 1, calendar: FixedOffsetCalendar())
        for (index, org) in Duel.orgs.enumerated() {
            let zone = FixedOffsetCalendar.zones[index]
            let outcome = book.createOrganisation(
                org,
                name: "org-\(org)",
                zone: zone.name,
                at: now,
                into: buffer
            )
            expect(outcome == .done, "the organisation is created")
            ledger.organisations[org] = NaiveOrganisation(minutesEast: zone.minutes)
            ledger.organisations[org]?.now = now.microseconds
            told[org] = [NaiveScope(scope: 1, id: 0): true]
        }
    }

    func run(steps: Int) {
        for number in 0..<steps where difference == nil {
            step = number
            oneStep()
        }
    }

    /// Keeps the first broken promise.
    func expect(_ condition: Bool, _ promise: @autoclosure () -> String) {
        if condition || difference != nil { return }
        difference = "seed \(seed), step \(step), \(doing), at \(now): \(promise())"
    }

    func expectEqual<Value: Equatable>(
        _ book: Value,
        _ model: Value,
        _ subject: @autoclosure () -> String
    ) {
        expect(book == model, "\(subject()): book \(book), model \(model)")
    }

    // MARK: - Comparing

    /// Compares everything that is known of one organisation.
    func compare(_ org: UInt32) {
        guard let mine = book.organisation(org), let model = ledger.organisations[org] else {
            expect(false, "the organisation is known to both")
            return
        }
        expectEqual(mine.posted.units, model.posted, "posted")
        expectEqual(mine.held.units, model.held, "held")
        expectEqual(mine.available.units, model.available, "available")
        expectEqual(mine.debt.units, model.debt, "debt")
        expectEqual(mine.lines, UInt64(model.lines.count), "lines")
        expectEqual(mine.closed, model.closed, "closed")
        expectEqual(mine.lastHold, model.lastHold, "last hold")
        expectEqual(Int(mine.openHolds), model.holds.count, "open holds")
        let begun = model.grants.filter(\.begun).reduce(Int128(0)) { $0 + $1.remaining }
        expectEqual(model.posted, begun - model.debt, "the model's own books")
        compareGrants(mine, model)
        compareHolds(org, model)
        compareScopes(mine, model)
    }

    private func compareGrants(_ mine: Organisation, _ model: NaiveOrganisation) {
        let order = mine.grants.filter { $0.active && !$0.expired }.map(\.number)
        let alive = model.burnOrder.filter { model.grants[$0].remaining > 0 }
        expectEqual(order, alive.map { model.grants[$0].number }, "burn order")
        let live = model.closed ? [] : model.grants.filter { $0.remaining > 0 }
        expectEqual(mine.grants.count, live.count, "live grants")
        for grant in live {
            guard let other = mine.grants.first(where: { $0.number == grant.number }) else {
                expect(false, "grant \(grant.number) is known")
                return
            }
            expectEqual(other.remaining.units, grant.remaining, "left of \(grant.number)")
            expectEqual(other.held.units, model.kept(of: grant.number), "kept of \(grant.number)")
            expectEqual(other.active, grant.begun, "active \(grant.number)")
            expectEqual(other.expired, grant.lapsed, "expired \(grant.number)")
        }
    }

    private func compareHolds(_ org: UInt32, _ model: NaiveOrganisation) {
        for hold in model.holds {
            guard let other = book.hold(HoldNumber(org: OrgNumber(org), serial: hold.serial)) else {
                expect(false, "hold \(hold.serial) is open")
                return
            }
            let parts = (0..<other.draws.count).map { other.draws[$0].part }
            expectEqual(parts, hold.parts, "grants of hold \(hold.serial)")
            expectEqual(other.amount.units, hold.amount, "amount of hold \(hold.serial)")
            expectEqual(other.expiresAt.microseconds, hold.expires, "end of hold \(hold.serial)")
        }
    }

    private func compareScopes(_ mine: Organisation, _ model: NaiveOrganisation) {
        // Days turn when somebody looks: until then the counters stand at the day before.
        let isToday = mine.today.end.microseconds > model.now
        for scope in model.scopes {
            let spend: Spend
            let held: Amount
            let isCutOff: Bool
            switch scope.scope {
            case 1:
                (spend, held) = (mine.spend, mine.held)
                isCutOff = mine.cutoffs.contains(.spendCap)
            case 2:
                let project = mine.projects[Int(scope.id) - 1]
                (spend, held) = (project.spend, project.held)
                isCutOff = project.cutoffs.contains(.spendCap)
            default:
                let key = mine.keys[Int(scope.id) - 1].scope
                (spend, held) = (key.spend, key.held)
                isCutOff = key.cutoffs.contains(.spendCap)
            }
            let sums = model.spent(by: scope)
            expectEqual(spend.total.units, sums[3], "total spend of \(scope)")
            expectEqual(held.units, model.held(by: scope), "held of \(scope)")
            if isToday {
                let mine = [spend.day.units, spend.week.units, spend.month.units]
                expectEqual(mine, Array(sums[0..<3]), "spend of \(scope)")
            }
            if !model.closed {
                expectEqual(isCutOff, model.isCutOffByCap(scope), "cap cutoff of \(scope)")
            }
        }
        expectEqual(
            mine.cutoffs.contains(.insufficientCredits),
            model.posted <= 0,
            "cutoff for lack of credits"
        )
    }

    /// Takes the notices: each must change what was told before, and the sum must be the truth.
    func compareNotices() {
        for notice in book.takeNotices() {
            let scope = NaiveScope(scope: notice.scope.rawValue, id: notice.id)
            let before = told[notice.org]?[scope] ?? false
            expect(before != !notice.reasons.isEmpty, "a notice tells something new: \(notice)")
            told[notice.org]?[scope] = !notice.reasons.isEmpty
        }
        for org in Duel.orgs {
            guard let mine = book.organisation(org), let model = ledger.organisations[org] else {
                continue
            }
            for scope in model.scopes {
                let reasons =
                    switch scope.scope {
                    case 1: mine.cutoffs
                    case 2: mine.projects[Int(scope.id) - 1].cutoffs
                    default: mine.keys[Int(scope.id) - 1].scope.cutoffs
                    }
                expectEqual(told[org]?[scope] ?? false, !reasons.isEmpty, "told of \(scope)")
            }
        }
    }
}

extension Draw {
    var part: NaivePart { NaivePart(grant: grant, amount: amount.units) }
}

extension NaiveOrganisation {
    /// All scopes there are.
    var scopes: [NaiveScope] {
        var scopes = [NaiveScope(scope: 1, id: 0)]
        for id in 0..<projects { scopes.append(NaiveScope(scope: 2, id: id + 1)) }
        for id in 0..<keys.count { scopes.append(NaiveScope(scope: 3, id: UInt32(id) + 1)) }
        return scopes
    }
}
