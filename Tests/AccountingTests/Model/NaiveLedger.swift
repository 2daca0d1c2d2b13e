/// A second keeper of the same books, written from `architecture.md`, `credit-systems.md` and
/// `field-notes.md` and not from the code: lists that grow, and everything recomputed from them.
///
/// Goal:        to disagree with `AccountBook` wherever one of the two misread the rules.
///
/// Non-goals:   speed; ranges of amounts; identities (the tests keep those apart).
struct NaiveLedger {
    var now: Int64 = 0
    var organisations: [UInt32: NaiveOrganisation] = [:]

    /// Time goes on: holds run out, grants begin and lapse, by what comes first.
    mutating func tick(at moment: Int64) {
        now = moment
        var due: [(expires: Int64, org: UInt32, serial: UInt64)] = []
        for (org, organisation) in organisations {
            for hold in organisation.holds where hold.expires <= now {
                due.append((hold.expires, org, hold.serial))
            }
        }
        due.sort { $0 < $1 }
        for hold in due {
            organisations[hold.org]?.drop(hold.serial)
            organisations[hold.org]?.bringUp(to: now)
        }
        for org in organisations.keys.sorted() { organisations[org]?.bringUp(to: now) }
    }
}

struct NaiveGrant {
    var number: UInt32
    var amount: Int128
    var priority: Int32
    var effective: Int64
    var expires: Int64
    var begun: Bool
    var lapsed = false
    /// All that was ever taken out of it.
    var taken: [Int128] = []

    var remaining: Int128 { taken.reduce(amount, -) }
}

struct NaivePart: Equatable {
    var grant: UInt32
    var amount: Int128
}

struct NaiveHold {
    var serial: UInt64
    var project: UInt32
    var key: UInt32
    var expires: Int64
    var parts: [NaivePart]

    var amount: Int128 { parts.reduce(0) { $0 + $1.amount } }
}

struct NaiveCharge {
    var day: Int64
    var monday: Int64
    var month: Int64
    var amount: Int128
    var project: UInt32
    var key: UInt32
}

struct NaiveKey {
    var project: UInt32
    var generation: UInt32 = 1
    var revoked = false
}

/// Whose spend: `scope` 1 organisation, 2 project, 3 key; as the words of the protocol number them.
struct NaiveScope: Hashable {
    var scope: UInt8
    var id: UInt32
}

struct NaiveCap: Equatable {
    var of: NaiveScope
    /// 1 day, 2 week, 3 month, 4 total.
    var period: UInt8
    var amount: Int128
}

struct NaiveLimit: Equatable {
    var of: NaiveScope
    var period: UInt8?
    var amount: Int128
    var spent: Int128
    var held: Int128
    var asked: Int128
    var resets: Int64?
}

enum NaiveAnswer: Equatable {
    case granted(serial: UInt64, amount: Int128, expires: Int64, complete: Bool)
    case closed
    case invalidKey
    case unknownHold
    case cap(NaiveLimit)
    case balance(NaiveLimit)
}

struct NaiveOrganisation {
    var minutesEast: Int64
    var now: Int64 = 0
    var closed = false
    /// Every ledger line's amount.
    var lines: [Int128] = []
    /// Every debt made, and with a minus every debt paid.
    var debts: [Int128] = []
    var grants: [NaiveGrant] = []
    var holds: [NaiveHold] = []
    var charges: [NaiveCharge] = []
    var keys: [NaiveKey] = []
    var projects: UInt32 = 0
    var caps: [NaiveCap] = []
    var lastHold: UInt64 = 0

    // MARK: - What follows from the lists

    var posted: Int128 { lines.reduce(0, +) }
    var debt: Int128 { debts.reduce(0, +) }
    var held: Int128 { holds.reduce(0) { $0 + $1.amount } }
    var available: Int128 { posted - held }
    var today: Int64 { NaiveCalendar.day(at: now, minutesEast: minutesEast) }

    func held(by scope: NaiveScope) -> Int128 {
        holds.filter { covers(scope, $0.project, $0.key) }.reduce(0) { $0 + $1.amount }
    }

    func spent(by scope: NaiveScope) -> [Int128] {
        let today = self.today
        let monday = NaiveCalendar.monday(of: today)
        let month = NaiveCalendar.month(of: today).first
        var sums: [Int128] = [0, 0, 0, 0]
        for charge in charges where covers(scope, charge.project, charge.key) {
            if charge.day == today { sums[0] += charge.amount }
            if charge.monday == monday { sums[1] += charge.amount }
            if charge.month == month { sums[2] += charge.amount }
            sums[3] += charge.amount
        }
        return sums
    }

    func covers(_ scope: NaiveScope, _ project: UInt32, _ key: UInt32) -> Bool {
        switch scope.scope {
        case 1: true
        case 2: project == scope.id
        default: key == scope.id
        }
    }

    func kept(of grant: UInt32) -> Int128 {
        var sum: Int128 = 0
        for hold in holds {
            for part in hold.parts where part.grant == grant { sum += part.amount }
        }
        return sum
    }

    /// Positions of the grants that pay now: lower priority number, earlier expiry, earlier issue.
    var burnOrder: [Int] {
        grants.indices.filter { grants[$0].begun && !grants[$0].lapsed }.sorted {
            let left = grants[$0]
            let right = grants[$1]
            return (left.priority, left.expires, left.number)
                < (right.priority, right.expires, right.number)
        }
    }

    func isCutOffByCap(_ scope: NaiveScope) -> Bool {
        caps.contains { $0.of == scope && spent(by: scope)[Int($0.period) - 1] >= $0.amount }
    }
}
