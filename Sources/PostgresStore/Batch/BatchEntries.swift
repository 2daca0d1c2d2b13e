import Accounting
import Quantities

/// What a batch does to one wallet, and the chain of its lines in journal order.
struct WalletDelta {
    let org: UInt32
    var lines: Int64 = 0
    var amount: Int128 = 0
    var debt: Int128 = 0
    var lastGrant: UInt32 = 0
    var lastHold: UInt64 = 0
    var updatedAt = Timestamp.epoch
    var firstLine: Int32 = -1
    var lastLine: Int32 = -1
    /// The wallet before the batch; known once the transaction has locked it.
    var linesBefore: Int64 = 0
    var balanceBefore: Int128 = 0
}

/// One line to be: a usage record in the arena, or an entry among the other lines.
struct PendingLine {
    /// The offset of a usage record, or the complement of the index of another line.
    var reference: Int
    /// The wallet's next line, or -1.
    var next: Int32 = -1
}

/// A line of the ledger that is not usage.
struct PendingLedgerLine {
    var kind: LedgerKind
    var amount: Amount
    var appliedAt: Timestamp
    var org: UInt32
    var grant: UInt32
    var reference: String
    var note: String
    var machine: MachineLine?
}

/// What a batch does to one grant that is in the database, once those of the batch are inserted.
struct GrantDelta {
    let org: UInt32
    let grant: UInt32
    var remaining: Int128 = 0
    var expired = false
}

/// A grant that begins to pay; its line needs what was said when it was issued.
struct GrantActivation {
    let org: UInt32
    let grant: UInt32
    let line: Int
}

/// What a batch adds to one rollup.
struct RollupDelta {
    let org: UInt32
    let day: CivilDay
    let project: UInt32
    let key: UInt32
    let model: UInt32
    var requests: Int64 = 0
    var failed: Int64 = 0
    var cacheHits: Int64 = 0
    var input: Int64 = 0
    var cacheRead: Int64 = 0
    var cacheWrite: Int64 = 0
    var output: Int64 = 0
    var reasoning: Int64 = 0
    var amount: Int128 = 0

    static func precedes(_ left: RollupDelta, _ right: RollupDelta) -> Bool {
        if left.org != right.org { return left.org < right.org }
        if left.day != right.day { return left.day < right.day }
        if left.project != right.project { return left.project < right.project }
        if left.key != right.key { return left.key < right.key }
        return left.model < right.model
    }
}

/// What a batch does to one hold.
struct HoldDelta {
    enum State {
        /// It was placed in this batch and is still open.
        case placed
        /// It was placed earlier and extended in this batch.
        case extended
        /// It was placed earlier and is gone.
        case removed
        /// It was placed and went in this batch: the database never hears of it.
        case cancelled
    }

    let org: UInt32
    let hold: UInt64
    var state: State
    var project: UInt32 = 0
    var key: UInt32 = 0
    var model: UInt32 = 0
    var expiresAt = Timestamp.never
    var draws: [UInt8] = []
}

/// A change of one organisation's things, with the moment of its application.
struct Dated<Body> {
    let org: UInt32
    let at: Timestamp
    let body: Body
}

/// What a line of the ledger is about.
public enum LedgerKind: String, Sendable, CaseIterable {
    case usage
    case purchase
    case promotionalGrant = "promotional_grant"
    case planGrant = "plan_grant"
    case coupon
    case refund
    case adjustment
    case expiry
    case forfeiture
    case machine
    case purchaseRefund = "purchase_refund"
    case correction

    init(_ grantClass: GrantClass) {
        switch grantClass {
        case .purchased: self = .purchase
        case .promotional: self = .promotionalGrant
        case .plan: self = .planGrant
        case .coupon: self = .coupon
        case .refund: self = .refund
        case .adjustment: self = .adjustment
        }
    }
}

/// How the classes, scopes and periods are written in the database.
enum SQLName {
    static func of(_ grantClass: GrantClass) -> String {
        switch grantClass {
        case .purchased: "purchased"
        case .promotional: "promotional"
        case .plan: "plan"
        case .coupon: "coupon"
        case .refund: "refund"
        case .adjustment: "adjustment"
        }
    }

    static func of(_ scope: Scope) -> String {
        switch scope {
        case .organisation: "organisation"
        case .project: "project"
        case .key: "key"
        }
    }

    static func of(_ period: CapPeriod) -> String {
        switch period {
        case .day: "day"
        case .week: "week"
        case .month: "month"
        case .total: "total"
        }
    }

    static func of(_ kind: NameKind) -> String {
        switch kind {
        case .model: "model"
        case .provider: "provider"
        case .producer: "producer"
        case .machine: "machine"
        }
    }

    /// The case with this word.
    static func value<Value: CaseIterable>(
        _ word: String,
        _ name: (Value) -> String
    ) throws(StoreError) -> Value {
        for candidate in Value.allCases where name(candidate) == word { return candidate }
        throw .unexpectedAnswer("an unknown word in a column of words")
    }
}
