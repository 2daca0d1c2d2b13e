import Accounting
import Quantities

/// Re-rating what has happened, by another rate card.
public protocol Corrections: Sendable {
    /// Rates the requests of a period again, and books the differences unless only a preview is
    /// asked for.
    ///
    /// Once for each id: asked again, it goes on where it was interrupted and books nothing twice.
    ///
    /// - Parameter request: The period, the card, and what it is to be called.
    /// - Returns: What changes, or has changed, for each organisation.
    /// - Throws: `AdministrationError`; `unavailable` while PostgreSQL is away.
    func rerate(_ request: RerateRequest) async throws(AdministrationError) -> RerateReport

    /// Books the opposite of everything that a re-rating has booked, once.
    ///
    /// - Parameter id: The re-rating.
    /// - Returns: What has changed for each organisation.
    /// - Throws: `AdministrationError`; `unavailable` while PostgreSQL is away.
    func undoRerate(_ id: String) async throws(AdministrationError) -> RerateReport

    /// All re-ratings that were applied, the newest first.
    ///
    /// - Returns: Re-ratings with what they came to.
    /// - Throws: `AdministrationError`; `unavailable` while PostgreSQL is away.
    func rerates() async throws(AdministrationError) -> [RerateInfo]

    /// How far the re-rating has come that is under way, if one is.
    func rerateProgress() -> RerateProgress?
}

/// Asks for a period to be rated again.
public struct RerateRequest: Sendable, Hashable {
    /// What it is called; nil for a preview, which books nothing.
    public var id: String?
    /// Requests applied at this moment or later.
    public var from: Timestamp
    /// Requests applied before this moment, which has passed.
    public var to: Timestamp
    /// The only organisation, or nil for all.
    public var organisation: String?
    /// The rate card's YAML.
    public var card: String

    /// Makes a request.
    ///
    /// - Parameters:
    ///   - id: What it is called; nil for a preview.
    ///   - from: Requests applied at this moment or later.
    ///   - to: Requests applied before this moment.
    ///   - organisation: The only organisation, or nil for all.
    ///   - card: The rate card's YAML.
    public init(
        id: String?,
        from: Timestamp,
        to: Timestamp,
        organisation: String?,
        card: String
    ) {
        self.id = id
        self.from = from
        self.to = to
        self.organisation = organisation
        self.card = card
    }
}

/// What a re-rating changes for one organisation.
public struct RerateOrganisation: Sendable, Hashable {
    /// Its name.
    public var name: String
    /// How many requests were rated again.
    public var requests: UInt64 = 0
    /// How many of them cost something else.
    public var changed: UInt64 = 0
    /// How many the card has no price for, or were waived by their account's terms: they stay.
    public var unpriced: UInt64 = 0
    /// How many were refunded whole: they stay at nothing.
    public var refunded: UInt64 = 0
    /// What they were charged, less what was refunded of it.
    public var old = Amount.zero
    /// What they cost by the card, less what was refunded, but never below zero.
    public var new = Amount.zero
    /// Whether it is closed: then nothing is booked.
    public var closed = false

    /// `new` less `old`.
    public var difference: Amount { new - old }

    /// Nothing yet.
    ///
    /// - Parameter name: Its name.
    public init(name: String) {
        self.name = name
    }
}

/// What a re-rating changes, or has changed.
public struct RerateReport: Sendable, Hashable {
    /// What it is called; nil for a preview.
    public var id: String?
    /// The re-rating that it undoes, if it does.
    public var undoes: String?
    /// The card's name.
    public var card: String
    /// The organisations that have something to change, the largest difference first.
    public var organisations: [RerateOrganisation]
    /// How many more there are than were listed.
    public var leftOut: Int
    /// The sums of all organisations, also those without a change.
    public var total: RerateOrganisation
    /// How many corrections were booked now.
    public var booked: UInt64
    /// How many had been booked before.
    public var bookedBefore: UInt64
    /// How many could not be booked, as their organisation is closed or at the end of amounts.
    public var notBooked: UInt64

    /// How many organisations are listed at most.
    public static let mostListed = 10_000
}

/// A re-rating that was applied.
public struct RerateInfo: Sendable, Hashable {
    /// What it is called.
    public var id: String
    /// The re-rating that it undoes, if it does.
    public var undoes: String?
    /// The re-rating that undoes it, if one does.
    public var undoneBy: String?
    /// The only organisation, or nil for all.
    public var organisation: String?
    /// Requests applied at this moment or later.
    public var from: Timestamp
    /// Requests applied before this moment.
    public var to: Timestamp
    /// The card's name.
    public var card: String
    /// When it was first applied.
    public var begunAt: Timestamp
    /// How many corrections it has made.
    public var corrections: UInt64
    /// What they come to; below zero is given back.
    public var amount: Amount
}

/// How far a re-rating has come.
public struct RerateProgress: Sendable, Hashable {
    /// How many days' partitions are read.
    public var daysDone = 0
    /// How many there are.
    public var days = 0
    /// How many requests were rated again.
    public var requests: UInt64 = 0
    /// How many corrections are booked.
    public var booked: UInt64 = 0
    /// How many there are; 0 until it is known.
    public var corrections: UInt64 = 0

    /// Nothing yet.
    public init() {}
}
