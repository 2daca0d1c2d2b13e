/// A second keeper of the same books, written from `architecture.md`, `credit-systems.md` and
/// `field-notes.md` and not from the code: plain lists, and nearly everything recomputed from them.
///
/// Goal:        to disagree with `AccountBook` wherever one of the two misread the rules.
///
/// Non-goals:   speed; ranges of amounts; identities (the tests keep those apart).
package struct NaiveLedger {
    package var now: Int64 = 0
    package var organisations: [UInt32: NaiveOrganisation] = [:]

    package init() {}

    /// Time goes on: holds run out, grants begin and lapse, by what comes first.
    package mutating func tick(at moment: Int64) {
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

package struct NaiveGrant {
    package var number: UInt32
    package var amount: Int128
    package var priority: Int32
    package var effective: Int64
    package var expires: Int64
    package var begun: Bool
    package var lapsed = false
    /// What was not taken out of it yet.
    package var remaining: Int128
}

package struct NaivePart: Equatable {
    package var grant: UInt32
    package var amount: Int128

    package init(grant: UInt32, amount: Int128) {
        self.grant = grant
        self.amount = amount
    }
}

package struct NaiveHold {
    package var serial: UInt64
    package var project: UInt32
    package var key: UInt32
    package var expires: Int64
    package var parts: [NaivePart]

    package var amount: Int128 { parts.reduce(0) { $0 + $1.amount } }
}

/// On which day and for whom something was charged.
package struct NaiveCharge: Hashable {
    package var day: Int64
    package var project: UInt32
    package var key: UInt32
}

package struct NaiveKey {
    package var project: UInt32
    package var generation: UInt32 = 1
    package var revoked = false

    package init(project: UInt32) {
        self.project = project
    }
}

/// Whose spend: `scope` 1 organisation, 2 project, 3 key; as the words of the protocol number them.
package struct NaiveScope: Hashable {
    package var scope: UInt8
    package var id: UInt32

    package init(scope: UInt8, id: UInt32) {
        self.scope = scope
        self.id = id
    }
}

package struct NaiveCap: Equatable {
    package var of: NaiveScope
    /// 1 day, 2 week, 3 month, 4 total.
    package var period: UInt8
    package var amount: Int128
}

package struct NaiveLimit: Equatable {
    package var of: NaiveScope
    package var period: UInt8?
    package var amount: Int128
    package var spent: Int128
    package var held: Int128
    package var asked: Int128
    package var resets: Int64?

    package init(
        of: NaiveScope,
        period: UInt8?,
        amount: Int128,
        spent: Int128,
        held: Int128,
        asked: Int128,
        resets: Int64?
    ) {
        self.of = of
        self.period = period
        self.amount = amount
        self.spent = spent
        self.held = held
        self.asked = asked
        self.resets = resets
    }
}

package enum NaiveAnswer: Equatable {
    case granted(serial: UInt64, amount: Int128, expires: Int64, complete: Bool)
    case closed
    case invalidKey
    case unknownHold
    case planRequired
    case purchaseRequired
    case cap(NaiveLimit)
    case balance(NaiveLimit)
}

package struct NaiveOrganisation {
    package var zone: NaiveZone
    package var now: Int64 = 0
    package var closed = false
    /// How many ledger lines there are.
    package private(set) var lines: UInt64 = 0
    /// The sum of all ledger lines' amounts.
    package private(set) var posted: Int128 = 0
    /// The sum of every debt made, less every debt paid.
    package var debt: Int128 = 0
    package var grants: [NaiveGrant] = []
    package var holds: [NaiveHold] = []
    /// All charges ever, summed for each day and path.
    package var charges: [NaiveCharge: Int128] = [:]
    package var keys: [NaiveKey] = []
    package var projects: UInt32 = 0
    package var caps: [NaiveCap] = []
    package var lastHold: UInt64 = 0
    /// The last run of each deployment, by the deployment's name.
    var runs: [String: NaiveRun] = [:]
    /// The machines, where they are judged by their commands and not by their records.
    package var fleet = NaiveFleet()
    var lastRun: UInt32 = 0
    /// Every charge above nothing by its line, as far as it was not given back.
    package var debits: [UInt64: NaiveDebit] = [:]
    package var lastRefund: UInt32 = 0
    package var alerts = NaiveAlerts()
    /// What was charged beyond the holds for it since every hold was last covered by its grants.
    package var overshoot: Int128 = 0
    /// What it has bought.
    package var shop = NaiveShop()
    /// The day to which the journal has turned it.
    package var turned: Int64 = .min
    /// Plan, coupons and billing.
    package var terms = NaiveTerms()

    package init(zone: NaiveZone) {
        self.zone = zone
    }

    package init(minutesEast: Int64) {
        zone = NaiveZone(minutesEast: minutesEast)
    }

    /// Adds a line to the ledger.
    mutating func book(_ amount: Int128) {
        lines += 1
        posted += amount
        alerts.follow(amount, posted: posted)
    }

    // MARK: - What follows from the lists

    package var held: Int128 { holds.reduce(0) { $0 + $1.amount } }
    package var available: Int128 { posted - held }
    /// Days do not go back, also where the clock did while nobody ran.
    package var today: Int64 {
        max(turned, zone.day(at: now))
    }

    package func held(by scope: NaiveScope) -> Int128 {
        holds.filter { covers(scope, $0.project, $0.key) }.reduce(0) { $0 + $1.amount }
    }

    package func spent(by scope: NaiveScope) -> [Int128] {
        let today = self.today
        let monday = NaiveCalendar.monday(of: today)
        let month = NaiveCalendar.month(of: today).first
        var sums: [Int128] = [0, 0, 0, 0]
        for (charge, amount) in charges where covers(scope, charge.project, charge.key) {
            sums[3] += amount
            // Days long gone count for nothing but the total.
            guard charge.day > today - 32 else { continue }
            if charge.day == today { sums[0] += amount }
            if NaiveCalendar.monday(of: charge.day) == monday { sums[1] += amount }
            if NaiveCalendar.month(of: charge.day).first == month { sums[2] += amount }
        }
        return sums
    }

    package func covers(_ scope: NaiveScope, _ project: UInt32, _ key: UInt32) -> Bool {
        switch scope.scope {
        case 1: true
        case 2: project == scope.id
        default: key == scope.id
        }
    }

    package func kept(of grant: UInt32) -> Int128 {
        var sum: Int128 = 0
        for hold in holds {
            for part in hold.parts where part.grant == grant { sum += part.amount }
        }
        return sum
    }

    /// Positions of the grants that pay now: lower priority number, earlier expiry, earlier issue.
    package var burnOrder: [Int] {
        grants.indices.filter { grants[$0].begun && !grants[$0].lapsed }.sorted {
            let left = grants[$0]
            let right = grants[$1]
            return (left.priority, left.expires, left.number)
                < (right.priority, right.expires, right.number)
        }
    }

    package func isCutOffByCap(_ scope: NaiveScope) -> Bool {
        caps.contains { $0.of == scope && spent(by: scope)[Int($0.period) - 1] >= $0.amount }
    }
}
