import Accounting
import Quantities

/// What people ask about their money; answered from rollups, short lists and the ledger's chain,
/// never by looking through the request log.
public protocol Questions: Sendable {
    /// Balance, what was spent of late, how long it lasts at that, and what the month will come to.
    ///
    /// - Parameter organisation: The organisation.
    /// - Returns: The figures, with the rules behind them.
    /// - Throws: `AdministrationError`; `unavailable` while PostgreSQL is away.
    func outlook(organisation: String) async throws(AdministrationError) -> OutlookInfo

    /// What was spent over the last days, by model, key, project, deployment or day.
    ///
    /// - Parameters:
    ///   - organisation: The organisation.
    ///   - grouping: What the rows stand for.
    ///   - days: How many days, today included.
    /// - Returns: The rows and their sum, and the sum of as many days before.
    /// - Throws: `AdministrationError`; `unavailable` while PostgreSQL is away.
    func spend(
        organisation: String,
        by grouping: SpendGrouping,
        days: Int
    ) async throws(AdministrationError) -> SpendReport

    /// The most expensive requests of the last days, the dearest first.
    ///
    /// - Parameters:
    ///   - organisation: The organisation.
    ///   - days: How many days, today included.
    ///   - limit: How many requests.
    /// - Returns: At most `limit` requests.
    /// - Throws: `AdministrationError`; `unavailable` while PostgreSQL is away.
    func dearest(
        organisation: String,
        days: Int,
        limit: Int
    ) async throws(AdministrationError) -> [UsageInfo]

    /// Where money could be saved, by what happened in the last 30 days.
    ///
    /// - Parameter organisation: The organisation.
    /// - Returns: The largest saving first.
    /// - Throws: `AdministrationError`; `unavailable` while PostgreSQL is away.
    func suggestions(
        organisation: String
    ) async throws(AdministrationError) -> [SuggestionInfo]

    /// How many lines the ledger has in PostgreSQL: where an export ends.
    ///
    /// - Parameter organisation: The organisation.
    /// - Returns: The last line's number.
    /// - Throws: `AdministrationError`; `unavailable` while PostgreSQL is away.
    func lastLine(organisation: String) async throws(AdministrationError) -> UInt64

    /// A page of the ledger, the oldest line first.
    ///
    /// - Parameters:
    ///   - organisation: The organisation.
    ///   - page: Which page.
    /// - Returns: At most as many lines as the page has.
    /// - Throws: `AdministrationError`; `unavailable` while PostgreSQL is away.
    func ledgerPage(
        organisation: String,
        page: ExportPage
    ) async throws(AdministrationError) -> [TransactionInfo]

    /// A page of the per-request log, the oldest request first.
    ///
    /// - Parameters:
    ///   - organisation: The organisation.
    ///   - page: Which page.
    /// - Returns: At most as many requests as the page has.
    /// - Throws: `AdministrationError`; `unavailable` while PostgreSQL is away.
    func usagePage(
        organisation: String,
        page: ExportPage
    ) async throws(AdministrationError) -> [UsageInfo]

    /// The organisation that a key's secret belongs to.
    ///
    /// - Parameter secret: The secret.
    /// - Returns: Its name; nil when the secret is no key's, or not its present one.
    func organisation(ofSecret secret: String) -> String?
}

/// What the rows of a spend report stand for.
public enum SpendGrouping: String, Sendable, CaseIterable {
    case day
    case model
    case key
    case project
    case deployment
}

/// What was spent under one name, or on one day.
public struct SpendRow: Sendable, Hashable {
    /// The name, or the day; empty for what has none.
    public var label: String
    /// How many requests.
    public var requests: UInt64 = 0
    /// How many of them failed.
    public var failed: UInt64 = 0
    /// How many of them a cache answered.
    public var cacheHits: UInt64 = 0
    /// All input tokens.
    public var inputTokens: UInt64 = 0
    /// Those of them read from a cache.
    public var cacheReadTokens: UInt64 = 0
    /// Those of them written to a cache.
    public var cacheWriteTokens: UInt64 = 0
    /// All output tokens.
    public var outputTokens: UInt64 = 0
    /// What was charged when it happened.
    public var charged = Amount.zero
    /// What corrections have added since; below zero when they gave back.
    public var corrected = Amount.zero

    /// What it costs by now.
    public var spend: Amount { charged + corrected }

    /// A row without anything in it.
    ///
    /// - Parameter label: The name, or the day.
    public init(label: String) {
        self.label = label
    }
}

/// What was spent over some days.
public struct SpendReport: Sendable, Hashable {
    /// What the rows stand for.
    public var grouping: SpendGrouping
    /// The first day, in the account's zone.
    public var from: CivilDay
    /// The last day: today.
    public var through: CivilDay
    /// Days in order, all of them; other rows with the dearest first.
    public var rows: [SpendRow]
    /// The sum of the rows.
    public var total: Amount
    /// The sum over as many days before.
    public var before = Amount.zero
}

/// What is there and how long it will do.
public struct OutlookInfo: Sendable, Hashable {
    /// The organisation.
    public var organisation: OrganisationInfo
    /// The moment of the answer.
    public var at: Timestamp
    /// What requests were charged in the last 24 hours and 7 days.
    public var lastDay: RecentSpend
    /// The same over 7 days.
    public var lastWeek: RecentSpend
    /// When the calendar month ends in the account's zone.
    public var monthEndsAt: Timestamp
    /// What the month will come to, going on as in the last 7 days; nil beyond all amounts.
    public var monthProjected: Amount?
}

/// What was spent in a span of time up to now, and how long the balance lasts at that rate.
public struct RecentSpend: Sendable, Hashable {
    /// How long the span is: shorter than asked for when the account is younger.
    public var seconds: Int64
    /// What was charged in it.
    public var charged: Amount
    /// How long the available balance lasts; nil when nothing was spent.
    public var runwaySeconds: Int64?

    /// No account needs to look further ahead: a hundred years.
    public static let longestSeconds: Int64 = 36_525 * 86_400

    /// Works out how long a balance lasts.
    ///
    /// - Parameters:
    ///   - charged: What was charged in the span.
    ///   - seconds: The span, above zero.
    ///   - available: The balance.
    public init(charged: Amount, seconds: Int64, available: Amount) {
        self.seconds = seconds
        self.charged = charged
        guard charged.isPositive else {
            runwaySeconds = nil
            return
        }
        let spent = charged.units.magnitude
        let left = max(available, .zero).units.magnitude
        let product = left.multipliedFullWidth(by: UInt128(seconds))
        guard product.high < spent else {
            runwaySeconds = RecentSpend.longestSeconds
            return
        }
        let whole = spent.dividingFullWidth(product).quotient
        runwaySeconds = Int64(min(whole, UInt128(RecentSpend.longestSeconds)))
    }
}

/// A way to save, with what it was worked out from.
public struct SuggestionInfo: Sendable, Hashable {
    /// What it is about.
    public enum Kind: String, Sendable, CaseIterable {
        /// Input tokens that a cache would have made cheaper.
        case cachedInput = "cached_input"
        /// Requests just above a cliff of a price.
        case priceCliff = "price_cliff"
        /// Machines that run without requests.
        case idleMachine = "idle_machine"
    }

    /// What it is about.
    public var kind: Kind
    /// The model or deployment.
    public var subject: String
    /// What could have been saved in the time looked at.
    public var saving: Amount
    /// What to do, a sentence or two.
    public var text: String
    /// The numbers behind it, by name.
    public var figures: [String: String]
}

/// Which lines of an export are next.
public struct ExportPage: Sendable, Hashable {
    /// Only lines behind this number: the last of the page before.
    public var after: UInt64
    /// Only lines up to this number.
    public var through: UInt64
    /// Applied at or after.
    public var from: Timestamp?
    /// Applied before.
    public var to: Timestamp?
    /// How many at most.
    public var limit: Int

    /// Wants a page.
    ///
    /// - Parameters:
    ///   - after: Only lines behind this number.
    ///   - through: Only lines up to this number.
    ///   - from: Applied at or after.
    ///   - to: Applied before.
    ///   - limit: How many at most.
    public init(
        after: UInt64,
        through: UInt64,
        from: Timestamp? = nil,
        to: Timestamp? = nil,
        limit: Int = 2_000
    ) {
        self.after = after
        self.through = through
        self.from = from
        self.to = to
        self.limit = limit
    }
}
