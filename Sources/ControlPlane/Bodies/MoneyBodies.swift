import Accounting
import Engine
import Quantities

extension GrantClass {
    /// The word for it in JSON, on the command line and in the ledger.
    public var word: String {
        switch self {
        case .purchased: "purchased"
        case .promotional: "promotional"
        case .plan: "plan"
        case .coupon: "coupon"
        case .refund: "refund"
        case .adjustment: "adjustment"
        }
    }
}

extension CapPeriod {
    /// The word for it in JSON and on the command line.
    public var word: String {
        switch self {
        case .day: "day"
        case .week: "week"
        case .month: "month"
        case .total: "total"
        }
    }
}

/// A grant.
public struct GrantBody: Codable, Sendable, Equatable {
    /// Its number within the organisation.
    public var number: UInt32
    /// Why it was given.
    public var `class`: String
    /// What is left.
    public var remaining: Amount
    /// What open holds keep of it.
    public var held: Amount
    /// Burnt earlier when lower.
    public var priority: Int32
    /// From when on it pays.
    public var effectiveAt: Timestamp
    /// When what is left lapses; absent for never.
    public var expiresAt: Timestamp?
    /// Whether it pays by now.
    public var active: Bool

    init(_ info: GrantInfo) {
        self.number = info.number
        self.class = info.grantClass.word
        self.remaining = info.remaining
        self.held = info.held
        self.priority = info.priority
        self.effectiveAt = info.effectiveAt
        self.expiresAt = info.expiresAt.unlessNever
        self.active = info.active
    }
}

/// An organisation's grants.
public struct GrantsBody: Codable, Sendable, Equatable {
    /// The grants, in burn order.
    public var grants: [GrantBody]
}

/// What a grant call answers.
public struct GrantReceiptBody: Codable, Sendable, Equatable {
    /// The grant's number within the organisation.
    public var grant: UInt32
    /// True when the same call was carried out before and nothing was added now.
    public var repeated: Bool
    /// The wallet after it.
    public var wallet: WalletBody

    init(_ receipt: GrantReceipt) {
        self.grant = receipt.grant
        self.repeated = receipt.repeated
        self.wallet = WalletBody(receipt.wallet)
    }
}

/// A cap with where it stands.
public struct CapBody: Codable, Sendable, Equatable {
    /// What it caps: `org`, `project` or `key`.
    public var scope: String
    /// The project's or key's name; absent for the organisation.
    public var name: String?
    /// Over which time it counts: `day`, `week`, `month` or `total`.
    public var period: String
    /// The cap.
    public var amount: Amount
    /// What was spent in the present window.
    public var spent: Amount
    /// What open holds keep.
    public var held: Amount
    /// When the window ends; absent for `total`.
    public var resetsAt: Timestamp?

    init(_ info: CapInfo) {
        switch info.target {
        case .organisation: self.scope = "org"
        case .project(let name):
            self.scope = "project"
            self.name = name
        case .key(let name):
            self.scope = "key"
            self.name = name
        }
        self.period = info.period.word
        self.amount = info.amount
        self.spent = info.spent
        self.held = info.held
        self.resetsAt = info.resetsAt
    }
}

/// An organisation's caps.
public struct CapsBody: Codable, Sendable, Equatable {
    /// The caps.
    public var caps: [CapBody]
}
