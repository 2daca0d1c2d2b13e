import Accounting
import LedgerModel
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
    /// The lines that were charged, what was given back of them, and how far the database was read.
    var charged: [(org: UInt32, line: UInt64)] = []
    var refunds: [Refunded] = []
    var stored: [UInt32: UInt64] = [:]
    /// What listeners were told last.
    var told: [UInt32: [NaiveScope: Bool]] = [:]
    var tally: [String: Int] = [:]
    /// The purchases that were handed over last, and how many payments there were.
    var handedOver: [UInt32: Int] = [:]
    var payments = 0
    /// When each payment came; a book alone need not know older ones than its window.
    var paidAt: [String: Timestamp] = [:]
    /// The machines of each organisation, how many boots there were, and the last order given.
    var fleets: [UInt32: [DuelMachine]] = [:]
    var boots: UInt128 = 0
    var ordered: [UInt32: UInt32] = [:]
    /// How far the records were read for alerts, and how often a low balance was told and over.
    var readAlerts = 0
    var lowTold: [UInt32: Int] = [:]
    var lowOver: [UInt32: Int] = [:]

    /// How time passes.
    let pace: Pace
    /// What models cost, for reports that are priced.
    let card: DuelCard
    private let weights: Int

    /// Begins a run.
    ///
    /// - Parameters:
    ///   - seed: What all chance comes from.
    ///   - pace: How time passes.
    ///   - places: The zones of the organisations, as the model counts their days.
    ///   - calendar: What the book asks for days.
    init(
        seed: UInt64,
        pace: Pace = .moments,
        places: [(name: String, zone: NaiveZone)] = FixedOffsetCalendar.places,
        calendar: any ZoneCalendar = FixedOffsetCalendar()
    ) {
        self.seed = seed
        self.pace = pace
        random = SeededRandom(seed: seed)
        card = DuelCard(from: now, &random)
        weights = Duel.moves.reduce(0) { $0 + $1.weight }
        book = AccountBook(partition: 1, calendar: calendar)
        for (index, org) in Duel.orgs.enumerated() {
            let place = places[index % places.count]
            let outcome = book.createOrganisation(
                org,
                name: "org-\(org)",
                zone: place.name,
                at: now,
                into: buffer
            )
            expect(outcome == .done, "the organisation is created")
            ledger.organisations[org] = NaiveOrganisation(zone: place.zone)
            ledger.organisations[org]?.now = now.microseconds
            told[org] = [NaiveScope(scope: 1, id: 0): true]
        }
        equip(Duel.rules(pace: pace, &random), DuelMachines(from: now, &random))
    }

    func run(steps: Int) {
        for number in 0..<steps where difference == nil {
            step = number
            oneStep()
        }
    }

    /// A move by its weight.
    func randomMove() -> DuelMove {
        var ticket = random.below(weights)
        for move in Duel.moves {
            if ticket < move.weight { return move }
            ticket -= move.weight
        }
        return Duel.moves[0]
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
        guard let model = ledger.organisations[org] else {
            expect(false, "the organisation is known to both")
            return
        }
        var comparison = BookComparison()
        comparison.compare(org, book, model)
        expect(comparison.difference == nil, comparison.difference ?? "")
        compareAlerts(org, model)
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
