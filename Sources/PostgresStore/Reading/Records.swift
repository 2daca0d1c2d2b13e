import Accounting
import Quantities

/// An organisation with its wallet, as the books have it.
public struct OrganisationRecord: Sendable, Hashable {
    /// Its number.
    public var org: OrgNumber
    /// Its name.
    public var name: String
    /// Its IANA time zone.
    public var zone: String
    /// When it was created.
    public var createdAt: Timestamp
    /// When it was closed, if it was.
    public var closedAt: Timestamp?
    /// Why it was closed.
    public var closeReason: String?
    /// The day in its zone that its counters stand at.
    public var day: CivilDay
    /// How many ledger lines it has.
    public var lines: UInt64
    /// The posted balance.
    public var balance: Amount
    /// What it owes.
    public var debt: Amount
    /// When the wallet last changed.
    public var updatedAt: Timestamp
}

/// A project.
public struct ProjectRecord: Sendable, Hashable {
    /// Its number.
    public var project: UInt32
    /// Its name.
    public var name: String
    /// When it was created.
    public var createdAt: Timestamp
}

/// A key, without its secret.
public struct KeyRecord: Sendable, Hashable {
    /// Its number.
    public var key: UInt32
    /// The project it is bound to, or 0.
    public var project: UInt32
    /// Its name.
    public var name: String
    /// The first characters of the present secret.
    public var prefix: String
    /// How many secrets it has had.
    public var generation: UInt32
    /// When it was created.
    public var createdAt: Timestamp
    /// When its secret was last replaced.
    public var rotatedAt: Timestamp?
    /// When it was revoked.
    public var revokedAt: Timestamp?
}

/// A grant.
public struct GrantRecord: Sendable, Hashable {
    /// Its number.
    public var grant: GrantNumber
    /// Why it was given.
    public var grantClass: GrantClass
    /// How much.
    public var amount: Amount
    /// What is left of it.
    public var remaining: Amount
    /// Burnt earlier when lower.
    public var priority: Int32
    /// From when on it pays.
    public var effectiveAt: Timestamp
    /// When what is left lapses; `never` if not.
    public var expiresAt: Timestamp
    /// When it was issued.
    public var issuedAt: Timestamp
    /// Whether it pays by now.
    public var active: Bool
    /// Whether its time is over.
    public var expired: Bool
    /// The payment or campaign behind it.
    public var reference: String
    /// A word for people.
    public var note: String
}

/// A line of the ledger.
public struct LedgerLine: Sendable, Hashable {
    /// Its number within the organisation.
    public var line: UInt64
    /// What it is about.
    public var kind: LedgerKind
    /// What it adds to the balance; below zero for a charge.
    public var amount: Amount
    /// The balance after it.
    public var balance: Amount
    /// When it was applied.
    public var appliedAt: Timestamp
    /// When the request happened; the same as `appliedAt` for what is not usage.
    public var at: Timestamp
    /// The model's name, for usage.
    public var model: String?
    /// The key's name, for usage with a key.
    public var key: String?
    /// The project's name, for usage in a project.
    public var project: String?
    /// The number of the price version, for usage.
    public var price: UInt32
    /// The grant: the one that was given or lapsed, or the first that paid; 0 for none.
    public var grant: GrantNumber
    /// The request's own id.
    public var requestID: String
    /// The session of the request.
    public var session: String?
    /// The payment or campaign behind a credit.
    public var reference: String
    /// A word for people.
    public var note: String
}

/// A line of the usage log.
public struct UsageLine: Sendable, Hashable {
    /// Its number within the organisation's ledger.
    public var line: UInt64
    /// When it was applied.
    public var appliedAt: Timestamp
    /// When the request happened.
    public var at: Timestamp
    /// The request's own id.
    public var requestID: String
    /// The session.
    public var session: String?
    /// The model's name.
    public var model: String
    /// The provider's name.
    public var provider: String?
    /// The key's name.
    public var key: String?
    /// The project's name.
    public var project: String?
    /// Its tokens.
    public var tokens: TokenCounts
    /// How long it took in milliseconds; 0 when not told.
    public var latencyMilliseconds: UInt32
    /// Whether it failed.
    public var failed: Bool
    /// Whether a cache answered.
    public var cacheHit: Bool
    /// What was charged, at least zero.
    public var charge: Amount
    /// The number of the price version.
    public var price: UInt32
    /// Which price tier applied: 0 is the base.
    public var tier: UInt8
    /// The producer's name.
    public var producer: String?
    /// The producer's sequence, or 0.
    public var sequence: UInt64
}

/// A sum of usage.
public struct UsageSummary: Sendable, Hashable {
    /// The model's, key's or project's name, or the day.
    public var label: String
    /// The model's, key's or project's number; 0 for none, and for days.
    public var number: UInt32
    /// How many requests.
    public var requests: UInt64
    /// How many of them failed.
    public var failed: UInt64
    /// How many of them a cache answered.
    public var cacheHits: UInt64
    /// All input tokens.
    public var inputTokens: UInt64
    /// Those of them read from a cache.
    public var cacheReadTokens: UInt64
    /// Those of them written to a cache.
    public var cacheWriteTokens: UInt64
    /// All output tokens.
    public var outputTokens: UInt64
    /// Those of them spent on reasoning.
    public var reasoningTokens: UInt64
    /// What was charged when it happened.
    public var charge: Amount
    /// What corrections have added since; below zero when they gave back.
    public var corrected: Amount

    /// What it costs by now.
    public var spend: Amount { charge + corrected }
}

/// What a summary's rows stand for.
public enum SummaryGrouping: String, Sendable, CaseIterable {
    case model
    case key
    case project
    case day
}
