import Engine
import Quantities

/// A ledger line.
public struct TransactionBody: Codable, Sendable, Equatable {
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

    init(_ info: TransactionInfo) {
        self.line = info.line
        self.appliedAt = info.appliedAt
        self.kind = info.kind
        self.amount = info.amount
        self.balance = info.balance
        self.detail = info.detail
        self.project = info.project
        self.key = info.key
        self.session = info.session
    }
}

/// A page of the ledger, newest line first.
public struct TransactionsBody: Codable, Sendable, Equatable {
    /// The lines.
    public var transactions: [TransactionBody]
    /// What to give as `before` for the next page; absent on the last.
    public var nextBefore: UInt64?
}

/// One request of the log.
public struct UsageBody: Codable, Sendable, Equatable {
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
    /// All input tokens, cached and cache-written ones included.
    public var inputTokens: UInt32
    /// Input tokens that were read from a cache.
    public var cacheReadInputTokens: UInt32
    /// Input tokens that were written to a cache.
    public var cacheWriteInputTokens: UInt32
    /// All output tokens, reasoning ones included.
    public var outputTokens: UInt32
    /// Output tokens spent on reasoning.
    public var reasoningOutputTokens: UInt32
    /// What it cost.
    public var charge: Amount
    /// How long it took, in milliseconds; absent when not told.
    public var latencyMs: UInt32?
    /// `ok` or `error`.
    public var status: String
    /// Whether a cache answered.
    public var cacheHit: Bool

    init(_ info: UsageInfo) {
        self.line = info.line
        self.at = info.at
        self.appliedAt = info.appliedAt
        self.id = info.id
        self.model = info.model
        self.provider = info.provider
        self.project = info.project
        self.key = info.key
        self.session = info.session
        self.inputTokens = info.tokens.input
        self.cacheReadInputTokens = info.tokens.cacheRead
        self.cacheWriteInputTokens = info.tokens.cacheWrite
        self.outputTokens = info.tokens.output
        self.reasoningOutputTokens = info.tokens.reasoning
        self.charge = info.charge
        self.latencyMs = info.latencyMilliseconds == 0 ? nil : info.latencyMilliseconds
        self.status = info.failed ? "error" : "ok"
        self.cacheHit = info.cacheHit
    }
}

/// A page of the per-request log, newest first.
public struct UsagePageBody: Codable, Sendable, Equatable {
    /// The requests.
    public var usage: [UsageBody]
    /// What to give as `before` for the next page; absent on the last.
    public var nextBefore: UInt64?
}

/// The outcome of an audit.
public struct AuditBody: Codable, Sendable, Equatable {
    /// Whether everything holds.
    public var green: Bool
    /// How many organisations were proved.
    public var organisations: UInt64
    /// How many ledger lines were walked.
    public var lines: UInt64
    /// The sum of all balances by the ledger.
    public var balance: Amount
    /// How many wallets in memory differ from PostgreSQL.
    public var drifted: UInt64
    /// What is wrong, a sentence each, at most 100.
    public var violations: [String]

    init(_ report: AuditReport) {
        self.green = report.isGreen
        self.organisations = report.organisations
        self.lines = report.lines
        self.balance = report.balance
        self.drifted = report.drifted
        self.violations = report.violations
    }
}
