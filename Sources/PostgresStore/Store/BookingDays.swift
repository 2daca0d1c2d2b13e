import Accounting
import Quantities

/// On which of an account's days something of a batch was booked.
struct BookingDays {
    private let turns: [UInt32: [Dated<ZonedDay>]]

    /// - Parameter turned: The turns of the batch, each account's in their order.
    init(turned: [Dated<ZonedDay>]) {
        turns = Dictionary(grouping: turned, by: \.org)
    }

    /// The day; nil for the one that the account's row has before the batch turns it.
    subscript(org: UInt32, at: Timestamp) -> CivilDay? {
        turns[org]?.last(where: { $0.body.start <= at })?.body.day
    }
}
