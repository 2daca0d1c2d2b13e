import Quantities

/// Everything that is known of one organisation at a checkpoint, as PostgreSQL holds it.
///
/// Recovery loads these and applies the journal after the checkpoint to them.
public struct OrganisationSnapshot: Sendable, Hashable {
    /// Its number.
    public var org: UInt32
    /// Its unique name.
    public var name: String
    /// Its IANA time zone.
    public var zone: String
    /// The day in that zone that its counters stand at.
    public var today: ZonedDay
    /// Whether it was closed.
    public var closed = false
    /// How many ledger lines it has.
    public var lines: UInt64 = 0
    /// What it owes: only above zero while no grant has anything left.
    public var debt = Amount.zero
    /// The highest grant number given.
    public var lastGrant: GrantNumber = 0
    /// The highest hold serial given.
    public var lastHold: UInt64 = 0
    /// The highest number of a refund or a return of a purchase.
    public var lastRefund: RefundNumber = 0
    /// Its projects, by number from 1.
    public var projects: [ProjectSnapshot] = []
    /// Its keys, by number from 1.
    public var keys: [KeySnapshot] = []
    /// Its grants that still matter: something left, or not yet effective.
    public var grants: [GrantSnapshot] = []
    /// Its open holds.
    public var holds: [HoldSnapshot] = []
    /// Its caps.
    public var caps: [CapChanged] = []
    /// Its spend by day's end: one entry for each scope that ever spent.
    public var spends: [SpendSnapshot] = []
    /// Whether credits were ever bought.
    public var hasPurchased = false
    /// Its deployments, by number from 1.
    public var deployments: [Deployment] = []
    private var rare: [RareParts] = []

    /// An organisation with nothing in it yet.
    ///
    /// - Parameters:
    ///   - org: Its number.
    ///   - name: Its unique name.
    ///   - zone: Its IANA time zone.
    ///   - today: The day in that zone that its counters stand at.
    public init(org: UInt32, name: String, zone: String, today: ZonedDay) {
        self.org = org
        self.name = name
        self.zone = zone
        self.today = today
    }

    /// Its plan, billing and coupons.
    public var terms: TermsSnapshot {
        get { rareParts.terms }
        set { rareParts.terms = newValue }
    }
    /// Its alerts, where it has any or wishes for some.
    public var alerts: AlertSnapshot? {
        get { rareParts.alerts }
        set { rareParts.alerts = newValue }
    }
    /// What it buys, if it ever did.
    public var purchasing: Purchasing? {
        get { rareParts.purchasing }
        set { rareParts.purchasing = newValue }
    }
    private var rareParts: RareParts {
        get { rare.first ?? RareParts() }
        set { rare = newValue == RareParts() ? [] : [newValue] }
    }
}

/// What most organisations have none of, kept beside their snapshots: who has none pays one word.
///
/// Why: snapshots come by the ten thousand while organisations are loaded, and these parts are
/// several times as large as all the rest.
private struct RareParts: Sendable, Hashable {
    var terms = TermsSnapshot()
    var alerts: AlertSnapshot?
    var purchasing: Purchasing?
}

/// A project at a checkpoint.
public struct ProjectSnapshot: Sendable, Hashable {
    /// Its number.
    public var project: UInt32
    /// Its name.
    public var name: String

    /// A project.
    ///
    /// - Parameters:
    ///   - project: Its number.
    ///   - name: Its name.
    public init(project: UInt32, name: String) {
        self.project = project
        self.name = name
    }
}

/// A key at a checkpoint.
public struct KeySnapshot: Sendable, Hashable {
    /// Its creation, with the hash and prefix of the present secret.
    public var created: KeyCreated
    /// How many secrets it has had.
    public var generation: UInt32
    /// Whether it was revoked.
    public var revoked: Bool

    /// A key.
    ///
    /// - Parameters:
    ///   - created: Its creation, with the hash and prefix of the present secret.
    ///   - generation: How many secrets it has had.
    ///   - revoked: Whether it was revoked.
    public init(created: KeyCreated, generation: UInt32, revoked: Bool) {
        self.created = created
        self.generation = generation
        self.revoked = revoked
    }
}

/// A grant at a checkpoint.
public struct GrantSnapshot: Sendable, Hashable {
    /// As it was issued.
    public var issued: GrantIssued
    /// When it was issued.
    public var issuedAt: Timestamp
    /// Whether it pays by now.
    public var active: Bool
    /// Whether its time is over and only holds keep it.
    public var expired: Bool
    /// What is left of it.
    public var remaining: Amount

    /// A grant.
    ///
    /// - Parameters:
    ///   - issued: As it was issued.
    ///   - issuedAt: When it was issued.
    ///   - active: Whether it pays by now.
    ///   - expired: Whether its time is over and only holds keep it.
    ///   - remaining: What is left of it.
    public init(
        issued: GrantIssued,
        issuedAt: Timestamp,
        active: Bool,
        expired: Bool,
        remaining: Amount
    ) {
        self.issued = issued
        self.issuedAt = issuedAt
        self.active = active
        self.expired = expired
        self.remaining = remaining
    }
}

/// An open hold at a checkpoint: as placed, with all extensions in its draws.
public struct HoldSnapshot: Sendable, Hashable {
    /// The hold.
    public var placed: HoldPlaced

    /// A hold.
    ///
    /// - Parameter placed: As placed, with all extensions in its draws.
    public init(placed: HoldPlaced) {
        self.placed = placed
    }
}

/// What a scope has spent, at a checkpoint.
public struct SpendSnapshot: Sendable, Hashable {
    /// Which scope.
    public var scope: Scope
    /// The project's or key's number; 0 for the organisation.
    public var id: UInt32
    /// On the snapshot's day.
    public var day: Amount
    /// In that day's week.
    public var week: Amount
    /// In that day's month.
    public var month: Amount
    /// Ever.
    public var total: Amount

    /// What a scope has spent.
    ///
    /// - Parameters:
    ///   - scope: Which scope.
    ///   - id: The project's or key's number; 0 for the organisation.
    ///   - day: On the snapshot's day.
    ///   - week: In that day's week.
    ///   - month: In that day's month.
    ///   - total: Ever.
    public init(
        scope: Scope,
        id: UInt32,
        day: Amount,
        week: Amount,
        month: Amount,
        total: Amount
    ) {
        self.scope = scope
        self.id = id
        self.day = day
        self.week = week
        self.month = month
        self.total = total
    }
}
