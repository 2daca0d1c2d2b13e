import Accounting
import Engine
import Quantities

/// A page of organisations' names.
public struct OrganisationNamesBody: Codable, Sendable, Equatable {
    /// The names, in alphabetical order.
    public var organisations: [String]
    /// What to give as `after` for the next page; absent on the last.
    public var next: String?
}

/// An organisation as memory has it.
public struct OrganisationBody: Codable, Sendable, Equatable {
    /// Its number.
    public var number: UInt32
    /// Its name.
    public var name: String
    /// Its IANA time zone.
    public var zone: String
    /// Whether it was closed.
    public var closed: Bool
    /// Why it is cut off; empty when it is not.
    public var cutoffReasons: [String]
    /// Its wallet.
    public var wallet: WalletBody
    /// What it has spent.
    public var spend: SpendBody
    /// Its projects.
    public var projects: [ProjectBody]
    /// Its keys.
    public var keys: [KeyBody]
    /// Its grants with something left, in burn order, and those not yet effective.
    public var grants: [GrantBody]
    /// Its caps.
    public var caps: [CapBody]
    /// How many holds are open.
    public var openHolds: Int
    /// Its plan; absent for none.
    public var plan: PlanBody?
    /// How it is billed; absent for prepaid.
    public var billing: BillingBody?

    init(_ info: OrganisationInfo) {
        self.plan = info.terms.plan.map { PlanBody($0) }
        self.billing =
            info.terms.billing == BillingInfo() ? nil : BillingBody(info.terms.billing)
        self.number = info.number
        self.name = info.name
        self.zone = info.zone
        self.closed = info.closed
        self.cutoffReasons = info.cutoffReasons
        self.wallet = WalletBody(info.wallet)
        self.spend = SpendBody(info.spend)
        self.projects = info.projects.map { ProjectBody($0) }
        self.keys = info.keys.map { KeyBody($0) }
        self.grants = info.grants.map { GrantBody($0) }
        self.caps = info.caps.map { CapBody($0) }
        self.openHolds = info.openHolds
    }
}

/// A wallet's balances.
public struct WalletBody: Codable, Sendable, Equatable {
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

    init(_ info: WalletInfo) {
        self.posted = info.posted
        self.held = info.held
        self.available = info.available
        self.debt = info.debt
        self.lines = info.lines
    }
}

/// What a scope has spent.
public struct SpendBody: Codable, Sendable, Equatable {
    /// The day in the account's time zone, as "2026-03-01".
    public var date: String
    /// On that day.
    public var day: Amount
    /// In that week, from Monday.
    public var week: Amount
    /// In that calendar month.
    public var month: Amount
    /// Ever.
    public var total: Amount

    init(_ info: SpendInfo) {
        self.date = info.date.description
        self.day = info.day
        self.week = info.week
        self.month = info.month
        self.total = info.total
    }
}

/// A wallet with its spending: the short form of an organisation.
public struct BalanceBody: Codable, Sendable, Equatable {
    /// The organisation's name.
    public var organisation: String
    /// Whether it was closed.
    public var closed: Bool
    /// Why it is cut off; empty when it is not.
    public var cutoffReasons: [String]
    /// Its wallet.
    public var wallet: WalletBody
    /// What it has spent.
    public var spend: SpendBody
    /// How many holds are open.
    public var openHolds: Int
    /// What a credit is called and worth; absent where the system does not say.
    public var credit: CreditBody?
    /// Its plan's name; absent for none.
    public var plan: String?
    /// How it is billed; absent for prepaid.
    public var billingMode: String?

    init(_ info: OrganisationInfo) {
        self.credit = info.terms.credit.map { CreditBody($0) }
        self.plan = info.terms.plan?.name
        self.billingMode =
            info.terms.billing.mode == .prepaid ? nil : info.terms.billing.mode.word
        self.organisation = info.name
        self.closed = info.closed
        self.cutoffReasons = info.cutoffReasons
        self.wallet = WalletBody(info.wallet)
        self.spend = SpendBody(info.spend)
        self.openHolds = info.openHolds
    }
}

/// A project.
public struct ProjectBody: Codable, Sendable, Equatable {
    /// Its number within the organisation.
    public var number: UInt32
    /// Its name.
    public var name: String

    init(_ info: ProjectInfo) {
        self.number = info.number
        self.name = info.name
    }
}

/// An organisation's projects.
public struct ProjectsBody: Codable, Sendable, Equatable {
    /// The projects, in the order in which they were made.
    public var projects: [ProjectBody]
}

/// A key, without its secret.
public struct KeyBody: Codable, Sendable, Equatable {
    /// Its number within the organisation.
    public var number: UInt32
    /// Its name.
    public var name: String
    /// The project it is bound to; absent when it is bound to none.
    public var project: String?
    /// The first characters of the secret.
    public var prefix: String
    /// How many secrets it has had.
    public var generation: UInt32
    /// Whether it was revoked.
    public var revoked: Bool

    init(_ info: KeyInfo) {
        self.number = info.number
        self.name = info.name
        self.project = info.project
        self.prefix = info.prefix
        self.generation = info.generation
        self.revoked = info.revoked
    }
}

/// An organisation's keys.
public struct KeysBody: Codable, Sendable, Equatable {
    /// The keys, in the order in which they were made.
    public var keys: [KeyBody]
}

/// A key with its secret: the only time that it is shown.
public struct NewSecretBody: Codable, Sendable, Equatable {
    /// The key.
    public var key: KeyBody
    /// The secret; meterd keeps only its SHA-256.
    public var secret: String

    init(_ info: NewSecret) {
        self.key = KeyBody(info.key)
        self.secret = info.secret
    }
}
