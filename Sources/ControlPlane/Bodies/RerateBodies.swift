import Engine
import Quantities

/// What a re-rating changes for one organisation, or for all.
public struct RerateSumBody: Codable, Sendable, Equatable {
    /// The organisation; absent for the sum of all.
    public var name: String?
    /// How many requests were rated again.
    public var requests: UInt64
    /// How many of them cost something else.
    public var changed: UInt64
    /// How many the card has no price for: they stay as they are.
    public var unpriced: UInt64
    /// How many were refunded whole: they stay at nothing.
    public var refunded: UInt64
    /// What they were charged, less what was refunded of it.
    public var old: Amount
    /// What they cost by the card, less what was refunded of it, but never below zero.
    public var new: Amount
    /// `new` less `old`.
    public var difference: Amount
    /// Whether it is closed: then nothing is booked.
    public var closed: Bool

    init(_ sum: RerateOrganisation) {
        self.name = sum.name.isEmpty ? nil : sum.name
        self.requests = sum.requests
        self.changed = sum.changed
        self.unpriced = sum.unpriced
        self.refunded = sum.refunded
        self.old = sum.old
        self.new = sum.new
        self.difference = sum.difference
        self.closed = sum.closed
    }
}

/// What a re-rating changes, or has changed.
public struct RerateReportBody: Codable, Sendable, Equatable {
    /// What it is called; absent for a preview.
    public var id: String?
    /// The re-rating that it undoes, if it does.
    public var undoes: String?
    /// The card's name.
    public var card: String
    /// The organisations that have something to change, the largest difference first.
    public var organisations: [RerateSumBody]
    /// How many more there are than were listed.
    public var leftOut: Int
    /// The sums of all organisations, also those without a change.
    public var total: RerateSumBody
    /// How many corrections were booked now.
    public var booked: UInt64
    /// How many had been booked before.
    public var bookedBefore: UInt64
    /// How many could not be booked.
    public var notBooked: UInt64

    init(_ report: RerateReport) {
        self.id = report.id
        self.undoes = report.undoes
        self.card = report.card
        self.organisations = report.organisations.map { RerateSumBody($0) }
        self.leftOut = report.leftOut
        self.total = RerateSumBody(report.total)
        self.booked = report.booked
        self.bookedBefore = report.bookedBefore
        self.notBooked = report.notBooked
    }
}

/// A re-rating that was applied.
public struct RerateBody: Codable, Sendable, Equatable {
    /// What it is called.
    public var id: String
    /// The re-rating that it undoes, if it does.
    public var undoes: String?
    /// The re-rating that undoes it, if one does.
    public var undoneBy: String?
    /// The only organisation; absent for all.
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

    init(_ info: RerateInfo) {
        self.id = info.id
        self.undoes = info.undoes
        self.undoneBy = info.undoneBy
        self.organisation = info.organisation
        self.from = info.from
        self.to = info.to
        self.card = info.card
        self.begunAt = info.begunAt
        self.corrections = info.corrections
        self.amount = info.amount
    }
}

/// All re-ratings, the newest first.
public struct ReratesBody: Codable, Sendable, Equatable {
    /// The re-ratings.
    public var rerates: [RerateBody]
}

/// How far a re-rating has come.
public struct RerateProgressBody: Codable, Sendable, Equatable {
    /// Whether one is under way.
    public var running: Bool
    /// How many days' partitions are read.
    public var daysDone: Int
    /// How many there are.
    public var days: Int
    /// How many requests were rated again.
    public var requests: UInt64
    /// How many corrections are booked.
    public var booked: UInt64
    /// How many there are; 0 until it is known.
    public var corrections: UInt64

    init(_ progress: RerateProgress?) {
        let known = progress ?? RerateProgress()
        self.running = progress != nil
        self.daysDone = known.daysDone
        self.days = known.days
        self.requests = known.requests
        self.booked = known.booked
        self.corrections = known.corrections
    }
}
