import Quantities

/// Which hours of a run are due: the first at the start, then each hour; a begun hour counts whole.
///
/// Units: hours count from 1; hour k begins k - 1 hours after the start.
/// Why: two questions have two answers at the very end of an hour. A machine that still runs then
/// has begun the next hour, whose renewal is due; a run that ended then has not.
public enum WholeHours {
    /// The length of an hour.
    public static let microseconds: Int64 = 3_600_000_000

    /// How many hours are due while a machine runs; the last of them has begun.
    ///
    /// - Parameter elapsed: Microseconds since the start.
    /// - Returns: The number: 1 at the start, 2 after exactly an hour; 0 before the start.
    public static func due(afterRunning elapsed: Int64) -> Int64 {
        elapsed < 0 ? 0 : elapsed / microseconds + 1
    }

    /// How many hours a run has begun that is over.
    ///
    /// - Parameter length: How long it was, in microseconds.
    /// - Returns: The number: 1 for a run of no length, and 1 for one of exactly an hour.
    public static func begun(inRunOf length: Int64) -> Int64 {
        length <= 0 ? 1 : (length - 1) / microseconds + 1
    }

    /// When an hour begins, and its charge is due.
    ///
    /// - Parameters:
    ///   - hour: The hour, from 1.
    ///   - start: When the run began.
    /// - Returns: The moment; `Timestamp.never` when there is no such moment.
    public static func beginning(ofHour hour: Int64, startedAt start: Timestamp) -> Timestamp {
        invariant(hour >= 1, "hours count from 1")
        let (offset, overflow) = (hour - 1).multipliedReportingOverflow(by: microseconds)
        return overflow ? .never : start.advanced(byMicroseconds: offset)
    }

    /// When the next charge is due after so many hours were charged.
    ///
    /// - Parameters:
    ///   - charged: How many hours were charged, from the first on.
    ///   - start: When the run began.
    /// - Returns: The moment until which the run is paid, and at which its next hour begins.
    public static func nextDue(afterHours charged: Int64, startedAt start: Timestamp) -> Timestamp {
        charged == .max ? .never : beginning(ofHour: charged + 1, startedAt: start)
    }
}
