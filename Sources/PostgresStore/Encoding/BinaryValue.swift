import Quantities

/// How PostgreSQL writes single values in binary.
///
/// Units:       times are microseconds and days are days, both since 2000-01-01; all big-endian.
enum BinaryValue {
    /// From 1970-01-01 to 2000-01-01.
    static let epochMicroseconds: Int64 = 946_684_800_000_000
    static let epochDays: Int32 = 10_957

    /// The ends of what `timestamptz` holds: 4713 BC and the year 294276.
    private static let lowest: Int64 = -211_813_488_000_000_000
    private static let highest: Int64 = 9_223_371_331_199_999_999

    /// `never` becomes `infinity`; what is beyond the type's range stops at its ends.
    @inline(__always)
    static func encoded(_ time: Timestamp) -> Int64 {
        if time.microseconds == .max { return .max }
        if time.microseconds == .min { return .min }
        let (value, overflow) = time.microseconds.subtractingReportingOverflow(epochMicroseconds)
        if overflow { return lowest }
        return min(max(value, lowest), highest)
    }

    static func time(_ value: Int64) -> Timestamp {
        if value == .max || value == .min { return Timestamp(microseconds: value) }
        let (sum, overflow) = value.addingReportingOverflow(epochMicroseconds)
        return overflow ? .never : Timestamp(microseconds: sum)
    }

    @inline(__always)
    static func encoded(_ day: CivilDay) -> Int32 {
        day.number &- epochDays
    }

    static func day(_ value: Int32) -> CivilDay {
        CivilDay(number: value &+ epochDays)
    }

    static func int64(_ field: UnsafeRawBufferPointer) throws(StoreError) -> Int64 {
        guard field.count == 8 else {
            throw .unexpectedAnswer("a number of \(field.count) bytes instead of 8")
        }
        return Int64(bigEndian: field.loadUnaligned(as: Int64.self))
    }
}
