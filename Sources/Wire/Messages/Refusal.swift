import Quantities

/// Why something that has not happened yet may not happen; the list only grows.
@frozen
public enum RefusalCode: UInt8, Sendable, Hashable, CaseIterable {
    /// The balance does not cover it.
    case insufficientCredits = 1
    /// A spend cap does not allow it.
    case spendCapExceeded = 2
    /// There is no such key, or it is revoked.
    case invalidKey = 3
    /// The organisation's plan does not include it.
    case planRequired = 4
    /// The organisation must buy credits first.
    case purchaseRequired = 5
    /// The account is closed.
    case accountClosed = 6

    /// The code as it is written in the body.
    public var name: StaticString {
        switch self {
        case .insufficientCredits: "insufficient_credits"
        case .spendCapExceeded: "spend_cap_exceeded"
        case .invalidKey: "invalid_key"
        case .planRequired: "plan_required"
        case .purchaseRequired: "purchase_required"
        case .accountClosed: "account_closed"
        }
    }

    /// The HTTP status that a gateway gives: 402 for money, never 429.
    public var status: UInt16 {
        switch self {
        case .insufficientCredits, .spendCapExceeded: 402
        case .invalidKey: 401
        case .planRequired, .purchaseRequired, .accountClosed: 403
        }
    }

    /// The body's `type`, in the words that clients of OpenAI know.
    var errorType: String {
        switch self {
        case .insufficientCredits, .spendCapExceeded: "insufficient_quota"
        case .invalidKey: "authentication_error"
        case .planRequired, .purchaseRequired, .accountClosed: "permission_error"
        }
    }
}

/// The period over which a spend cap counts.
@frozen
public enum CapPeriod: UInt8, Sendable, Hashable, CaseIterable {
    /// A calendar day.
    case day = 1
    /// A week from Monday.
    case week = 2
    /// A calendar month.
    case month = 3
    /// For ever; never resets.
    case total = 4

    /// The period as it is written in JSON lines.
    public var name: StaticString {
        switch self {
        case .day: "day"
        case .week: "week"
        case .month: "month"
        case .total: "total"
        }
    }

    /// The period in a sentence: "100 credits a month".
    var phrase: String {
        switch self {
        case .day: "a day"
        case .week: "a week"
        case .month: "a month"
        case .total: "in total"
        }
    }
}

/// What a limit, a cutoff or a refusal applies to.
@frozen
public enum LimitScope: UInt8, Sendable, Hashable, CaseIterable {
    /// The whole organisation.
    case org = 1
    /// One of its projects.
    case project = 2
    /// One of its keys.
    case key = 3

    /// The scope as it is written in JSON lines.
    public var name: StaticString {
        switch self {
        case .org: "org"
        case .project: "project"
        case .key: "key"
        }
    }
}

/// The limit that refused.
public struct RefusalLimit: Sendable, Hashable {
    /// Which limit it is; the list only grows.
    @frozen
    public enum Name: UInt8, Sendable, Hashable, CaseIterable {
        /// The wallet's balance.
        case balance = 1
        /// A spend cap of the organisation.
        case organisationCap = 2
        /// A spend cap of the project.
        case projectCap = 3
        /// A spend cap of the key.
        case keyCap = 4

        /// The name as it is written in JSON lines.
        public var name: StaticString {
            switch self {
            case .balance: "balance"
            case .organisationCap: "organisation_cap"
            case .projectCap: "project_cap"
            case .keyCap: "key_cap"
            }
        }

        /// What it limits.
        public var scope: LimitScope {
            switch self {
            case .balance, .organisationCap: .org
            case .projectCap: .project
            case .keyCap: .key
            }
        }

        /// The beginning of the sentence about it.
        var title: String {
            switch self {
            case .balance: "Balance"
            case .organisationCap: "Organisation cap"
            case .projectCap: "Project cap"
            case .keyCap: "Key cap"
            }
        }
    }

    /// Which limit it is.
    public var name: Name
    /// The organisation's, project's or key's public name.
    public var id: String?
    /// How much it allows; for the balance, what is posted.
    public var amount: Amount
    /// How much of it is spent; zero for the balance.
    public var spent: Amount
    /// How much of it holds have taken.
    public var held: Amount
    /// The period that a cap counts over; nil for the balance.
    public var period: CapPeriod?
    /// When a cap starts afresh; nil when it never does.
    public var resetsAt: Timestamp?

    /// What it limits.
    public var scope: LimitScope { name.scope }

    /// Makes a limit.
    ///
    /// - Parameters:
    ///   - name: Which limit it is.
    ///   - id: The organisation's, project's or key's public name.
    ///   - amount: How much it allows; for the balance, what is posted.
    ///   - spent: How much of it is spent; zero for the balance.
    ///   - held: How much of it holds have taken.
    ///   - period: The period that a cap counts over; nil for the balance.
    ///   - resetsAt: When a cap starts afresh; nil when it never does.
    public init(
        _ name: Name,
        id: String? = nil,
        amount: Amount,
        spent: Amount = .zero,
        held: Amount = .zero,
        period: CapPeriod? = nil,
        resetsAt: Timestamp? = nil
    ) {
        self.name = name
        self.id = id
        self.amount = amount
        self.spent = spent
        self.held = held
        self.period = period
        self.resetsAt = resetsAt
    }
}
