import Accounting
import PostgresStore
import Quantities

/// A line of a ledger as the database has it.
package struct StoredLine: Hashable {
    package var line: UInt64
    package var kind: LedgerKind
    package var amount: Amount
    package var balance: Amount
    package var appliedAt: Timestamp
    package var at: Timestamp
    package var model: UInt32 = 0
    package var key: UInt32 = 0
    package var project: UInt32 = 0
    package var price: UInt32 = 0
    package var grant: UInt32 = 0
    package var requestID = ""
    package var session = ""
    package var reference = ""
    package var note = ""
    /// Usage alone has these.
    package var producer: UInt32 = 0
    package var sequence: UInt64 = 0
    package var identity: UInt128 = 0
    package var content: UInt64 = 0
    package var day = CivilDay(number: 0)
    package var draws = Draws()
    package var tokens = TokenCounts()
    package var failed = false
    package var cacheHit = false
}

/// The key of a rollup.
package struct RollupKey: Hashable {
    package var day: Int32
    package var project: UInt32
    package var key: UInt32
    package var model: UInt32
}

/// What a rollup sums.
package struct RollupSums: Hashable {
    package var requests: Int64 = 0
    package var failed: Int64 = 0
    package var cacheHits: Int64 = 0
    package var input: Int64 = 0
    package var cacheRead: Int64 = 0
    package var cacheWrite: Int64 = 0
    package var output: Int64 = 0
    package var reasoning: Int64 = 0
    package var amount: Int128 = 0
    package var corrected: Int128 = 0

    package init() {}

    mutating func add(_ line: StoredLine) {
        requests += 1
        if line.failed { failed += 1 }
        if line.cacheHit { cacheHits += 1 }
        input += Int64(line.tokens.input)
        cacheRead += Int64(line.tokens.cacheRead)
        cacheWrite += Int64(line.tokens.cacheWrite)
        output += Int64(line.tokens.output)
        reasoning += Int64(line.tokens.reasoning)
        amount -= line.amount.units
    }
}

/// An organisation's rows in all tables.
package struct StoredOrganisation {
    package var name: String
    package var zone: String
    package var today: ZonedDay
    package var closed = false
    /// The wallet's row.
    package var lineCount: UInt64 = 0
    package var balance = Amount.zero
    package var debt = Amount.zero
    package var lastGrant: UInt32 = 0
    package var lastHold: UInt64 = 0
    package var projects: [UInt32: String] = [:]
    package var keys: [UInt32: KeySnapshot] = [:]
    package var grants: [UInt32: GrantSnapshot] = [:]
    package var holds: [UInt64: HoldPlaced] = [:]
    package var caps: [CapKey: Amount] = [:]
    package var purchases: [UInt32: Purchase] = [:]
    package var topUp: TopUp?
    package var rollups: [RollupKey: RollupSums] = [:]
    package var lines: [StoredLine] = []
    package var hasPurchased = false
    package var plan: PlanChanged?
    /// The periods whose credits came: plan and first day.
    package var planPeriods: [String: Set<Int32>] = [:]
    package var coupons: Set<String> = []
    /// How it is billed, by the first day on which that holds.
    package var billing: [Int32: BillingChanged] = [:]
    package var adjustments: [(at: Timestamp, body: BalanceAdjusted)] = []
    package var deployments: [UInt32: Deployment] = [:]
    /// Charges of machines by day and project; the machine's number is beyond those of models.
    package var machineRollups: [RollupKey: RollupSums] = [:]
    package var refunds: [UInt32: StoredRefund] = [:]
    package var alerts = StoredAlerts()

    init(_ body: OrganisationCreated) {
        name = body.name
        zone = body.zone
        today = body.today
    }

    /// What open holds keep.
    package var held: Amount {
        holds.values.reduce(.zero) { $0 + $1.draws.total }
    }
}

/// The key of a cap.
package struct CapKey: Hashable {
    package var scope: Scope
    package var id: UInt32
    package var period: CapPeriod
}

/// What is committed: the tables, as one value that a transaction replaces as a whole.
package struct StoredBooks {
    package internal(set) var names: [UInt8: [UInt32: String]] = [:]
    package internal(set) var prices: [UInt32: PriceDeclared] = [:]
    package internal(set) var producers: [UInt32: SequenceSet] = [:]
    package internal(set) var organisations: [UInt32: StoredOrganisation] = [:]
    /// Alerts that concern all.
    package internal(set) var common = StoredAlerts()
    /// The checkpoint of each node, in each partition.
    package internal(set) var positions: [String: StoredPositions] = [:]

    init() {}

    /// The name behind a number.
    package func name(_ kind: NameKind, _ number: UInt32) -> String? {
        names[kind.rawValue]?[number]
    }

    /// All usage lines that there are.
    package var usageCount: Int {
        organisations.values.reduce(0) { $0 + $1.lines.count { $0.kind == .usage } }
    }
}
