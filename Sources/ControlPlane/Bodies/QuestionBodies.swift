import Engine
import Quantities

/// What was spent of late and how long the balance lasts at that.
public struct RecentSpendBody: Codable, Sendable, Equatable {
    /// How many seconds are looked at: fewer while the account is younger.
    public var seconds: Int64
    /// What was charged in them.
    public var charged: Amount
    /// How long the available balance lasts at that rate; absent when nothing was spent.
    public var runwaySeconds: Int64?
    /// When it is used up then; absent when nothing was spent, or not within a hundred years.
    public var emptyAt: Timestamp?

    init(_ spend: RecentSpend, at now: Timestamp) {
        self.seconds = spend.seconds
        self.charged = spend.charged
        self.runwaySeconds = spend.runwaySeconds
        if let runway = spend.runwaySeconds, runway < RecentSpend.longestSeconds {
            self.emptyAt = now.advanced(byMicroseconds: runway * 1_000_000)
        }
    }
}

/// Balance, what was spent, how long it lasts, and what the month will come to.
public struct OutlookBody: Codable, Sendable, Equatable {
    /// The organisation.
    public var organisation: String
    /// The moment of the answer.
    public var at: Timestamp
    /// The wallet.
    public var wallet: WalletBody
    /// What was charged today, this week, this month and ever.
    public var spend: SpendBody
    /// The last 24 hours.
    public var lastDay: RecentSpendBody
    /// The last 7 days.
    public var lastWeek: RecentSpendBody
    /// When the calendar month ends in the account's zone.
    public var monthEndsAt: Timestamp
    /// What the month will come to; absent beyond all amounts.
    public var monthProjected: Amount?

    init(_ info: OutlookInfo) {
        self.organisation = info.organisation.name
        self.at = info.at
        self.wallet = WalletBody(info.organisation.wallet)
        self.spend = SpendBody(info.organisation.spend)
        self.lastDay = RecentSpendBody(info.lastDay, at: info.at)
        self.lastWeek = RecentSpendBody(info.lastWeek, at: info.at)
        self.monthEndsAt = info.monthEndsAt
        self.monthProjected = info.monthProjected
    }
}

/// What was spent under one name, or on one day.
public struct SpendRowBody: Codable, Sendable, Equatable {
    /// The name or the day; absent for requests that have no key or project.
    public var name: String?
    /// How many requests.
    public var requests: UInt64
    /// How many of them failed.
    public var failed: UInt64
    /// How many of them a cache answered.
    public var cacheHits: UInt64
    /// All input tokens.
    public var inputTokens: UInt64
    /// Those of them read from a cache.
    public var cacheReadInputTokens: UInt64
    /// Those of them written to a cache.
    public var cacheWriteInputTokens: UInt64
    /// All output tokens.
    public var outputTokens: UInt64
    /// What was charged when it happened.
    public var charged: Amount
    /// What corrections have added since.
    public var corrected: Amount
    /// What it costs by now.
    public var spend: Amount

    init(_ row: SpendRow) {
        self.name = row.label.isEmpty ? nil : row.label
        self.requests = row.requests
        self.failed = row.failed
        self.cacheHits = row.cacheHits
        self.inputTokens = row.inputTokens
        self.cacheReadInputTokens = row.cacheReadTokens
        self.cacheWriteInputTokens = row.cacheWriteTokens
        self.outputTokens = row.outputTokens
        self.charged = row.charged
        self.corrected = row.corrected
        self.spend = row.spend
    }
}

/// What was spent over some days.
public struct SpendReportBody: Codable, Sendable, Equatable {
    /// What the rows stand for.
    public var by: String
    /// The first day, in the account's zone.
    public var from: String
    /// The last day: today.
    public var through: String
    /// The rows.
    public var rows: [SpendRowBody]
    /// The sum of the rows.
    public var total: Amount
    /// The sum over as many days before.
    public var before: Amount
    /// `up`, `down` or `level` against the days before.
    public var trend: String

    init(_ report: SpendReport) {
        self.by = report.grouping.rawValue
        self.from = report.from.description
        self.through = report.through.description
        self.rows = report.rows.map { SpendRowBody($0) }
        self.total = report.total
        self.before = report.before
        let before = report.before
        self.trend = report.total == before ? "level" : report.total > before ? "up" : "down"
    }
}

/// The most expensive requests.
public struct DearestBody: Codable, Sendable, Equatable {
    /// The dearest first.
    public var requests: [UsageBody]
}

/// A way to save, with what it was worked out from.
public struct SuggestionBody: Codable, Sendable, Equatable {
    /// What it is about.
    public var kind: String
    /// The model or deployment.
    public var subject: String
    /// What could have been saved in the time looked at.
    public var saving: Amount
    /// What to do.
    public var text: String
    /// The numbers behind it, by name.
    public var figures: [String: String]

    init(_ info: SuggestionInfo) {
        self.kind = info.kind.rawValue
        self.subject = info.subject
        self.saving = info.saving
        self.text = info.text
        self.figures = info.figures
    }
}

/// Ways to save.
public struct SuggestionsBody: Codable, Sendable, Equatable {
    /// How many days were looked at.
    public var days: Int
    /// The largest saving first.
    public var suggestions: [SuggestionBody]
}

/// An entry of a wallet's history, in the shape of the token-packs system.
public struct CreditEntryBody: Codable, Sendable, Equatable {
    /// The ledger line's number.
    public var id: UInt64
    /// What it added; below zero for a deduction.
    public var amount: Amount
    /// The balance after it.
    public var balance: Amount
    /// `purchase`, `grant`, `deduction` or `refund`.
    public var type: String
    /// The ledger's own kind.
    public var kind: String
    /// When it was applied.
    public var time: Timestamp
    /// What it was for.
    public var resource: CreditResourceBody

    init(_ info: TransactionInfo) {
        self.id = info.line
        self.amount = info.amount
        self.balance = info.balance
        self.kind = info.kind
        self.time = info.appliedAt
        self.resource = CreditResourceBody(
            project: info.project,
            session: info.session,
            detail: info.detail.isEmpty ? nil : info.detail
        )
        self.type =
            switch info.kind {
            case "purchase": "purchase"
            case "refund": "refund"
            // A correction gives back what was charged too much, or charges what was not.
            case "correction": info.amount.isNegative ? "deduction" : "refund"
            default: info.amount.isPositive ? "grant" : "deduction"
            }
    }
}

/// What an entry of a wallet's history was for.
public struct CreditResourceBody: Codable, Sendable, Equatable {
    /// The project, where there is one.
    public var project: String?
    /// The session, where there is one.
    public var session: String?
    /// The model, or the reference and note of a credit.
    public var detail: String?
}

/// Balance and history, in the shape of the token-packs system.
public struct CreditsBody: Codable, Sendable, Equatable {
    /// The organisation.
    public var organisation: String
    /// The posted balance.
    public var balance: Amount
    /// What the next request may use.
    public var available: Amount
    /// A page of the history, newest first.
    public var history: [CreditEntryBody]
    /// What to give as `before` for the next page; absent on the last.
    public var nextBefore: UInt64?
}
