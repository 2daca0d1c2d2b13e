import Quantities

/// What kinds of journal records there are.
///
/// Append-only: numbers are on disk for ever.
public enum ChangeKind: UInt8, Sendable, CaseIterable {
    case usage = 1
    case organisationCreated = 2
    case organisationClosed = 3
    case projectCreated = 4
    case keyCreated = 5
    case keyRotated = 6
    case keyRevoked = 7
    case grantIssued = 8
    case grantActivated = 9
    case grantExpired = 10
    case holdPlaced = 11
    case holdExtended = 12
    case holdReleased = 13
    case capChanged = 14
    case dayTurned = 15
    case nameDeclared = 16
    case priceDeclared = 17
    case sequenceSkipped = 18
    case rateCardLoaded = 19
    case planChanged = 30
    case couponRedeemed = 31
    case billingChanged = 32
    case balanceAdjusted = 33
    case machineChanged = 20
    case operationRefunded = 45
    case purchaseReturned = 46
    case alertRaised = 50
    case alertCleared = 51
    case alertsSet = 52

    case topUpSet = 40
    case purchaseAsked = 41
    case purchaseConfirmed = 42
    case purchaseFailed = 43
    case topUpLimitReached = 44
    case rerated = 55
    case rerateBegun = 56
    case rerateCardPart = 57
}

/// One change of money or policy other than a usage event, as it stands in the journal.
///
/// Why: live running decides on a change, applies it and journals it; recovery only applies it.
/// There is no second way to change state, so replay rebuilds the same state to the bit.
public struct Change: Sendable, Hashable {
    /// When it was applied.
    public var appliedAt: Timestamp
    /// The organisation, or 0 for what concerns all.
    public var org: UInt32
    /// What changed.
    public var body: Body

    /// Makes a change.
    ///
    /// - Parameters:
    ///   - appliedAt: When it was applied.
    ///   - org: The organisation, or 0 for what concerns all.
    ///   - body: What changed.
    public init(appliedAt: Timestamp, org: UInt32, body: Body) {
        self.appliedAt = appliedAt
        self.org = org
        self.body = body
    }

    /// What changed.
    public enum Body: Sendable, Hashable {
        case organisationCreated(OrganisationCreated)
        case organisationClosed(OrganisationClosed)
        case projectCreated(ProjectCreated)
        case keyCreated(KeyCreated)
        case keyRotated(KeyRotated)
        case keyRevoked(KeyRevoked)
        case grantIssued(GrantIssued)
        case grantActivated(GrantActivated)
        case grantExpired(GrantExpired)
        case holdPlaced(HoldPlaced)
        case holdExtended(HoldExtended)
        case holdReleased(HoldReleased)
        case capChanged(CapChanged)
        case dayTurned(DayTurned)
        case nameDeclared(NameDeclared)
        case priceDeclared(PriceDeclared)
        case sequenceSkipped(SequenceSkipped)
        case rateCardLoaded(RateCardLoaded)
        case planChanged(PlanChanged)
        case couponRedeemed(CouponRedeemed)
        case billingChanged(BillingChanged)
        case balanceAdjusted(BalanceAdjusted)
        case machineChanged(MachineChanged)
        case operationRefunded(OperationRefunded)
        case purchaseReturned(PurchaseReturned)
        case alertRaised(AlertRaised)
        case alertCleared(AlertCleared)
        case alertsSet(AlertsSet)

        case topUpSet(TopUpSet)
        case purchaseAsked(PurchaseAsked)
        case purchaseConfirmed(PurchaseConfirmed)
        case purchaseFailed(PurchaseFailed)
        case topUpLimitReached(TopUpLimitReached)
        case rerated(Rerated)
        case rerateBegun(RerateBegun)
        case rerateCardPart(RerateCardPart)
    }
}

/// A day in an account's time zone: its date and the moments of its two midnights.
public struct ZonedDay: Sendable, Hashable {
    /// The date.
    public var day: CivilDay
    /// Its first moment.
    public var start: Timestamp
    /// The first moment of the next day.
    public var end: Timestamp

    /// Makes a day of a time zone.
    ///
    /// - Parameters:
    ///   - day: The date.
    ///   - start: Its first moment.
    ///   - end: The first moment of the next day.
    public init(day: CivilDay, start: Timestamp, end: Timestamp) {
        self.day = day
        self.start = start
        self.end = end
    }
}
