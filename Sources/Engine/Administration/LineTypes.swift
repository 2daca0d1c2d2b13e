import Accounting
import Quantities

/// Which ledger lines to show.
public struct TransactionFilter: Sendable, Hashable {
    /// Only this kind, such as `usage` or `purchase`.
    public var kind: String?
    /// Applied at or after.
    public var from: Timestamp?
    /// Applied before.
    public var to: Timestamp?
    /// Only lines with a lower number: where the last page ended.
    public var beforeLine: UInt64?
    /// How many at most.
    public var limit: Int

    /// Makes a filter.
    ///
    /// - Parameters:
    ///   - kind: Only this kind.
    ///   - from: Applied at or after.
    ///   - to: Applied before.
    ///   - beforeLine: Only lines with a lower number.
    ///   - limit: How many at most.
    public init(
        kind: String? = nil,
        from: Timestamp? = nil,
        to: Timestamp? = nil,
        beforeLine: UInt64? = nil,
        limit: Int = 50
    ) {
        self.kind = kind
        self.from = from
        self.to = to
        self.beforeLine = beforeLine
        self.limit = limit
    }
}

/// A ledger line.
public struct TransactionInfo: Sendable, Hashable {
    /// Its number: gapless within the organisation.
    public var line: UInt64
    /// When it was applied.
    public var appliedAt: Timestamp
    /// Its kind.
    public var kind: String
    /// What it added; below zero for a debit.
    public var amount: Amount
    /// The balance after it.
    public var balance: Amount
    /// For a usage line the model, for another the grant's reference and note.
    public var detail: String
    /// The project, where there is one.
    public var project: String?
    /// The key, where there is one.
    public var key: String?
    /// The session, where there is one.
    public var session: String?
}

/// Which requests to show.
public struct UsageFilter: Sendable, Hashable {
    /// Only this key.
    public var key: String?
    /// Only this project.
    public var project: String?
    /// Only this session.
    public var session: String?
    /// Only this model.
    public var model: String?
    /// Only failed ones, or only good ones.
    public var failed: Bool?
    /// Applied at or after.
    public var from: Timestamp?
    /// Applied before.
    public var to: Timestamp?
    /// Only lines with a lower number: where the last page ended.
    public var beforeLine: UInt64?
    /// How many at most.
    public var limit: Int

    /// Makes a filter.
    ///
    /// - Parameters:
    ///   - key: Only this key.
    ///   - model: Only this model.
    ///   - failed: Only failed ones, or only good ones.
    ///   - from: Applied at or after.
    ///   - to: Applied before.
    ///   - beforeLine: Only lines with a lower number.
    ///   - limit: How many at most.
    public init(
        key: String? = nil,
        model: String? = nil,
        failed: Bool? = nil,
        from: Timestamp? = nil,
        to: Timestamp? = nil,
        beforeLine: UInt64? = nil,
        limit: Int = 50
    ) {
        self.key = key
        self.model = model
        self.failed = failed
        self.from = from
        self.to = to
        self.beforeLine = beforeLine
        self.limit = limit
    }
}

/// One request of the log.
public struct UsageInfo: Sendable, Hashable {
    /// Its ledger line.
    public var line: UInt64
    /// When it happened.
    public var at: Timestamp
    /// When it was applied.
    public var appliedAt: Timestamp
    /// The request's own id.
    public var id: String
    /// The model.
    public var model: String
    /// The provider, where one was told.
    public var provider: String?
    /// The project, where there is one.
    public var project: String?
    /// The key, where one was used.
    public var key: String?
    /// The session, where there is one.
    public var session: String?
    /// Its tokens.
    public var tokens: TokenCounts
    /// What it cost.
    public var charge: Amount
    /// How long it took, in milliseconds; 0 when not told.
    public var latencyMilliseconds: UInt32
    /// Whether it failed.
    public var failed: Bool
    /// Whether a cache answered.
    public var cacheHit: Bool
}
