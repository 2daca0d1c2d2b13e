import Accounting
import Quantities

/// Asks for credits to be given to a wallet.
public struct GrantRequest: Sendable, Hashable {
    /// How much, above zero.
    public var amount: Amount
    /// Why: purchased or promotional.
    public var grantClass: GrantClass
    /// From when on it pays; nil for at once.
    public var effectiveAt: Timestamp?
    /// When what is left lapses; nil for never.
    public var expiresAt: Timestamp?
    /// Burnt earlier when lower; nil for the class's default (promotional before purchased).
    public var priority: Int32?
    /// The payment or campaign behind it.
    public var reference: String
    /// A word for people.
    public var note: String
    /// Given once for each key, however often it is sent.
    public var idempotencyKey: String

    /// Makes a request.
    ///
    /// - Parameters:
    ///   - amount: How much, above zero.
    ///   - grantClass: Why.
    ///   - effectiveAt: From when on it pays; nil for at once.
    ///   - expiresAt: When what is left lapses; nil for never.
    ///   - priority: Burnt earlier when lower; nil for the class's default.
    ///   - reference: The payment or campaign behind it.
    ///   - note: A word for people.
    ///   - idempotencyKey: Given once for each key.
    public init(
        amount: Amount,
        grantClass: GrantClass,
        effectiveAt: Timestamp? = nil,
        expiresAt: Timestamp? = nil,
        priority: Int32? = nil,
        reference: String = "",
        note: String = "",
        idempotencyKey: String
    ) {
        self.amount = amount
        self.grantClass = grantClass
        self.effectiveAt = effectiveAt
        self.expiresAt = expiresAt
        self.priority = priority
        self.reference = reference
        self.note = note
        self.idempotencyKey = idempotencyKey
    }
}

/// What a grant call answers, also when it is repeated.
public struct GrantReceipt: Sendable, Hashable {
    /// The grant's number within the organisation.
    public var grant: GrantNumber
    /// True when the same call was carried out before and nothing was added now.
    public var repeated: Bool
    /// The wallet after it.
    public var wallet: WalletInfo
}

/// A wallet's balances.
public struct WalletInfo: Sendable, Hashable {
    /// What was credited less what was debited.
    public var posted: Amount
    /// What open holds keep.
    public var held: Amount
    /// `posted - held`: what the next request may use.
    public var available: Amount
    /// What is owed, zero or above.
    public var debt: Amount
    /// How many ledger lines there are.
    public var lines: UInt64
}

/// An organisation as memory has it.
public struct OrganisationInfo: Sendable, Hashable {
    /// Its number.
    public var number: UInt32
    /// Its name.
    public var name: String
    /// Its IANA time zone.
    public var zone: String
    /// Whether it was closed.
    public var closed: Bool
    /// Whether it is cut off, and why.
    public var cutoffReasons: [String]
    /// Its wallet.
    public var wallet: WalletInfo
    /// What it has spent.
    public var spend: SpendInfo
    /// Its projects.
    public var projects: [ProjectInfo]
    /// Its keys.
    public var keys: [KeyInfo]
    /// Its grants that still have something left, in burn order, and those not yet effective.
    public var grants: [GrantInfo]
    /// Its caps.
    public var caps: [CapInfo]
    /// How many holds are open.
    public var openHolds: Int
    /// Its plan, billing and coupons.
    public var terms = TermsInfo()
}

/// What a scope has spent.
public struct SpendInfo: Sendable, Hashable {
    /// The day in the account's time zone.
    public var date: CivilDay
    /// On that day.
    public var day: Amount
    /// In that week, from Monday.
    public var week: Amount
    /// In that calendar month.
    public var month: Amount
    /// Ever.
    public var total: Amount
}

/// A project.
public struct ProjectInfo: Sendable, Hashable {
    /// Its number within the organisation.
    public var number: UInt32
    /// Its name.
    public var name: String
}

/// A key, without its secret.
public struct KeyInfo: Sendable, Hashable {
    /// Its number within the organisation.
    public var number: UInt32
    /// Its name.
    public var name: String
    /// The project it is bound to.
    public var project: String?
    /// The first characters of the secret.
    public var prefix: String
    /// How many secrets it has had.
    public var generation: UInt32
    /// Whether it was revoked.
    public var revoked: Bool
}

/// A key with its secret, which is shown once.
public struct NewSecret: Sendable, Hashable {
    /// The key.
    public var key: KeyInfo
    /// The secret; meterd keeps only its SHA-256.
    public var secret: String
}

/// A grant.
public struct GrantInfo: Sendable, Hashable {
    /// Its number within the organisation.
    public var number: GrantNumber
    /// Why it was given.
    public var grantClass: GrantClass
    /// What is left.
    public var remaining: Amount
    /// What open holds keep of it.
    public var held: Amount
    /// Burnt earlier when lower.
    public var priority: Int32
    /// From when on it pays.
    public var effectiveAt: Timestamp
    /// When what is left lapses; `never` if not.
    public var expiresAt: Timestamp
    /// Whether it pays by now.
    public var active: Bool
}

/// What a cap is about, by name.
public enum CapTarget: Sendable, Hashable {
    case organisation
    case project(String)
    case key(String)
}

/// A cap with where it stands.
public struct CapInfo: Sendable, Hashable {
    /// What it caps.
    public var target: CapTarget
    /// Over which time it counts.
    public var period: CapPeriod
    /// The cap.
    public var amount: Amount
    /// What was spent in the present window.
    public var spent: Amount
    /// What open holds keep.
    public var held: Amount
    /// When the window ends; nil for `total`.
    public var resetsAt: Timestamp?
}

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

/// The outcome of an audit.
public struct AuditReport: Sendable, Hashable {
    /// How many organisations were proved.
    public var organisations: UInt64
    /// How many ledger lines were walked.
    public var lines: UInt64
    /// The sum of all balances by the ledger.
    public var balance: Amount
    /// How many wallets in memory differ from PostgreSQL: must be 0.
    public var drifted: UInt64
    /// What is wrong, a sentence each, at most 100.
    public var violations: [String]

    /// Whether everything holds.
    public var isGreen: Bool { violations.isEmpty && drifted == 0 }

    /// Makes a report.
    ///
    /// - Parameters:
    ///   - organisations: How many organisations were proved.
    ///   - lines: How many ledger lines were walked.
    ///   - balance: The sum of all balances by the ledger.
    ///   - drifted: How many wallets in memory differ from PostgreSQL.
    ///   - violations: What is wrong.
    public init(
        organisations: UInt64,
        lines: UInt64,
        balance: Amount,
        drifted: UInt64,
        violations: [String]
    ) {
        self.organisations = organisations
        self.lines = lines
        self.balance = balance
        self.drifted = drifted
        self.violations = violations
    }
}

/// How the daemon is doing.
public struct StatusReport: Sendable, Hashable {
    /// The node's name.
    public var node: String
    /// The program's version.
    public var version: String
    /// Since when it runs.
    public var startedAt: Timestamp
    /// Whether it takes and answers requests.
    public var ready: Bool
    /// What is wrong at the moment, a sentence each; empty when all is well.
    public var troubles: [String]
    /// Usage events and commands taken from sockets into a ring.
    public var accepted: UInt64
    /// Those rated and debited in memory.
    public var applied: UInt64
    /// Those safe on disk.
    public var journaled: UInt64
    /// Those in PostgreSQL.
    public var stored: UInt64
    /// Journal positions in bytes: written, safe, in PostgreSQL, retired.
    public var journalWritten: UInt64
    /// The journal position up to which everything is safe.
    public var journalSynced: UInt64
    /// The journal position up to which everything is in PostgreSQL.
    public var journalStored: UInt64
    /// The journal position below which segments are gone.
    public var journalRetired: UInt64
    /// How many bytes the journal takes on disk.
    public var journalBytes: UInt64
    /// How many it may take.
    public var journalMaximumBytes: UInt64
    /// Whether PostgreSQL answers.
    public var postgresConnected: Bool
    /// Connections on the data socket.
    public var connections: Int
    /// Organisations known.
    public var organisations: Int
    /// Holds that are open.
    public var openHolds: Int
    /// Reports rejected since start.
    public var rejected: UInt64
    /// Repeats that were recognised and not booked again since start.
    public var duplicates: UInt64
    /// Requests granted since start.
    public var granted: UInt64
    /// Requests refused since start.
    public var refused: UInt64
    /// Credits by which wallets went below zero since start: usage that had already happened.
    public var overshoot: Amount
    /// Alerts that went off since start.
    public var alertsRaised: UInt64 = 0
    /// The rate card in force.
    public var rateCard: String
    /// Purchases since start.
    public var purchases = PurchaseFigures()
}
