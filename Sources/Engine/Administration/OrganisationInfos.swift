import Accounting
import Quantities

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
