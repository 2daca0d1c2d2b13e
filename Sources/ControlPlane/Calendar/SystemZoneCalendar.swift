import Accounting
import Foundation
import Quantities
import Synchronization

/// The days of the time zones that this machine knows.
///
/// Invariants:  days follow each other without gap or overlap, in every zone; a day that began
///              does not end because clocks were set back over midnight: it goes on.
/// Cost:        some sixty look-ups the first time a day is asked for, one after that.
public final class SystemZoneCalendar: ZoneCalendar {
    private let zones = Mutex<[String: Zone]>([:])

    /// A zone, and the day that was asked for last: nearly every question is about today.
    private struct Zone {
        let rules: ZoneRules
        var last: ZonedDay?
    }

    /// How many zones are remembered; there are some 600 names in all.
    private static let capacity = 1024

    /// Makes a calendar.
    public init() {}

    /// The day that holds a moment in a time zone, or nil when there is no such zone.
    ///
    /// - Parameters:
    ///   - moment: The moment.
    ///   - name: An IANA name.
    /// - Returns: The day's date and its two midnights, or nil.
    public func day(containing moment: Timestamp, zone name: String) -> ZonedDay? {
        zones.withLock { zones in
            if let last = zones[name]?.last, last.start <= moment, moment < last.end {
                return last
            }
            guard let rules = zones[name]?.rules ?? ZoneRules(name: name) else { return nil }
            if zones.count >= SystemZoneCalendar.capacity { zones = [:] }
            let day = rules.day(containing: moment)
            zones[name] = Zone(rules: rules, last: day)
            return day
        }
    }
}

/// One zone's offsets, and the midnights that follow from them.
struct ZoneRules: Sendable {
    private let zone: TimeZone

    /// Finds the zone, or nil when the machine has none of that name.
    init?(name: String) {
        // Foundation also reads names such as "GMT+0530", which are no IANA zones.
        guard ZoneRules.isIdentifier(name), let zone = TimeZone(identifier: name) else {
            return nil
        }
        self.zone = zone
    }

    /// The day that holds a moment: the last one that began at or before it.
    func day(containing moment: Timestamp) -> ZonedDay? {
        let seconds = moment.microseconds.dividedFloor(by: 1_000_000)
        guard (-62_000_000_000...253_000_000_000).contains(seconds) else { return nil }
        // The local date is right except where clocks went back over midnight; then the day
        // after it has begun already. Where a date was skipped, the next one begins at once.
        var day = (seconds + offset(at: seconds)).dividedFloor(by: 86_400)
        while start(of: day + 1) <= seconds { day += 1 }
        return ZonedDay(
            day: CivilDay(number: Int32(clamping: day)),
            start: timestamp(start(of: day)),
            end: timestamp(start(of: day + 1))
        )
    }

    /// The first moment whose local date is this day or a later one, in seconds since 1970.
    private func start(of day: Int64) -> Int64 {
        let midnight = day * 86_400
        // No zone is more than 15 hours 14 minutes from UTC, and none changed twice in two days.
        var from = midnight - 26 * 3600
        let end = midnight + 26 * 3600
        var current = offset(at: from)
        while from < end {
            let change = nextChange(after: from, offset: current, end: end)
            let candidate = max(from, midnight - current)
            if candidate < change { return candidate }
            from = change
            current = offset(at: from)
        }
        invariantBroken("a midnight lies within a day of midnight in UTC")
    }

    /// The first second with another offset, or `end`.
    private func nextChange(after start: Int64, offset: Int64, end: Int64) -> Int64 {
        var low = start
        while low < end {
            let high = min(low + 3600, end)
            if self.offset(at: high) != offset {
                return bisect(low: low, high: high, offset: offset)
            }
            low = high
        }
        return end
    }

    private func bisect(low: Int64, high: Int64, offset: Int64) -> Int64 {
        var (low, high) = (low, high)
        while high - low > 1 {
            let middle = low + (high - low) / 2
            if self.offset(at: middle) == offset {
                low = middle
            } else {
                high = middle
            }
        }
        return high
    }

    private func offset(at seconds: Int64) -> Int64 {
        Int64(zone.secondsFromGMT(for: Date(timeIntervalSince1970: TimeInterval(seconds))))
    }

    private func timestamp(_ seconds: Int64) -> Timestamp {
        Timestamp(microseconds: seconds * 1_000_000)
    }

    private static let identifiers = Set(TimeZone.knownTimeZoneIdentifiers)

    private static func isIdentifier(_ name: String) -> Bool {
        if identifiers.contains(name) || name == "UTC" { return true }
        // Links such as "Asia/Calcutta" and "US/Eastern" are names of the IANA database too.
        return name.contains("/") && !name.hasPrefix("/")
    }
}
