import Accounting
import LedgerModel
import Quantities

/// A kind of command that a duel gives at random.
///
/// A new command takes part by a line in `Duel.moves` and a function that gives it to both keepers,
/// book and model, and holds their answers against each other; the state is compared after it.
struct DuelMove: Sendable {
    /// How often it comes, among the weights of all.
    var weight: Int
    /// Gives the command for an organisation.
    var make: @Sendable (Duel, UInt32) -> Void

    init(_ weight: Int, _ make: @escaping @Sendable (Duel, UInt32) -> Void) {
        self.weight = weight
        self.make = make
    }
}

extension Duel {
    /// All that happens in a duel.
    static let moves: [DuelMove] = [
        DuelMove(20) { $0.debit($1) },
        DuelMove(6) { $0.pricedDebit($1) },
        DuelMove(18) { $0.authorize($1) },
        DuelMove(20) { $0.extend($1) },
        DuelMove(6) { $0.release($1) },
        DuelMove(16) { $0.grant($1) },
        DuelMove(6) { $0.setCap($1) },
        DuelMove(8) { duel, _ in duel.tick() },
        DuelMove(6) { $0.administer($1) },
        DuelMove(4) { $0.setTerms($1) },
        DuelMove(10) { $0.buy($1) },
        DuelMove(3) { $0.refund($1) },
        DuelMove(1) { $0.returnPurchase($1) },
        DuelMove(2) { $0.setAlerts($1) },
        DuelMove(50) { $0.machines($1) },
        DuelMove(1) { $0.correct($1) },
    ]

    /// How time passes between two commands.
    enum Pace {
        /// Mostly moments, sometimes days, so that much happens at nearly the same time.
        case moments
        /// Mostly hours and days, so that a run goes over years: every day turns, months end,
        /// summers come and go.
        case days
    }

    /// Passes time: up to a step past the end of whatever is due next.
    func passTime() {
        let second: Int64 = 1_000_000
        let span: Int64 =
            switch pace {
            case .moments: moments()
            case .days: days()
            }
        // The clock may go back: neither the book nor the model follows it.
        if span > 0 { now = now.advanced(byMicroseconds: min(span, 90 * 86_400 * second)) }
    }

    private func moments() -> Int64 {
        let second: Int64 = 1_000_000
        switch random.below(200) {
        case 0..<140: return Int64(random.below(10)) * second / 4
        case 140..<170: return Int64(random.below(120)) * second
        case 170..<180: return Int64(random.below(24 * 60)) * 60 * second
        case 180..<184: return Int64(random.below(40)) * 86_400 * second
        case 184..<190: return -Int64(random.below(100)) * second
        default: return untilDue()
        }
    }

    private func days() -> Int64 {
        let hour: Int64 = 3_600_000_000
        switch random.below(200) {
        case 0..<60: return Int64(random.below(100)) * hour / 400
        case 60..<130: return Int64(random.below(20)) * hour / 2
        case 130..<150: return Int64(random.below(4 * 24)) * hour
        case 150..<152: return Int64(random.below(30 * 24)) * hour
        case 152..<156: return -Int64(random.below(100)) * hour / 60
        case 156..<172: return untilMidnight()
        default: return untilDue()
        }
    }

    /// To the moment at which something is due, or the last before it, or the one after it.
    private func untilDue() -> Int64 {
        let due = book.nextDue
        guard due != .never, due >= now else { return 0 }
        return due.microseconds - now.microseconds + Int64(random.below(3)) - 1
    }

    /// To about the end of an organisation's day, where days, weeks, months and summers turn.
    private func untilMidnight() -> Int64 {
        let model = model(random.pick(Duel.orgs))
        let end = model.zone.start(of: model.zone.day(at: now.microseconds) + 1)
        return end - now.microseconds + Int64(random.below(3)) - 1
    }
}
