import Quantities

/// RFC 3339 times, read from bytes without allocating.
enum TimeText {
    /// 0001-01-01T00:00:00Z, the earliest time that four digits of a year can say.
    static let earliest = Timestamp(microseconds: -62_135_596_800_000_000)
    /// 9999-12-31T23:59:59.999999Z, the latest one.
    static let latest = Timestamp(microseconds: 253_402_300_799_999_999)

    /// Reads a time, or nil when it is none; decimals beyond microseconds are cut off.
    static func read(_ range: Range<Int>, in bytes: RawSpan) -> Timestamp? {
        var reader = Reader(position: range.lowerBound, end: range.upperBound)
        guard let year = reader.digits(4, in: bytes), reader.take("-", in: bytes),
            let month = reader.digits(2, in: bytes), reader.take("-", in: bytes),
            let day = reader.digits(2, in: bytes), reader.takeSeparator(in: bytes),
            let hour = reader.digits(2, in: bytes), reader.take(":", in: bytes),
            let minute = reader.digits(2, in: bytes), reader.take(":", in: bytes),
            let second = reader.digits(2, in: bytes),
            hour < 24, minute < 60, second <= 60,
            let date = CivilDay(year: year, month: month, day: day),
            let fraction = reader.fraction(in: bytes),
            let offset = reader.zoneOffset(in: bytes), reader.position == reader.end
        else { return nil }
        let seconds = Int64(date.number) * 86_400 + Int64(hour * 3600 + minute * 60 + second)
        let time = Timestamp(
            microseconds: (seconds - Int64(offset) * 60) * 1_000_000 + fraction
        )
        return time >= earliest && time <= latest ? time : nil
    }

    private struct Reader {
        var position: Int
        let end: Int

        mutating func take(_ character: Unicode.Scalar, in bytes: RawSpan) -> Bool {
            guard position < end, UInt32(bytes.byte(position)) == character.value else {
                return false
            }
            position += 1
            return true
        }

        mutating func takeSeparator(in bytes: RawSpan) -> Bool {
            take("T", in: bytes) || take("t", in: bytes) || take(" ", in: bytes)
        }

        mutating func digits(_ count: Int, in bytes: RawSpan) -> Int? {
            guard position + count <= end else { return nil }
            var value = 0
            for _ in 0..<count {
                let digit = bytes.byte(position) &- 48
                guard digit <= 9 else { return nil }
                value = value * 10 + Int(digit)
                position += 1
            }
            return value
        }

        /// Microseconds; 0 when there is no point.
        mutating func fraction(in bytes: RawSpan) -> Int64? {
            guard take(".", in: bytes) else { return 0 }
            var value: Int64 = 0
            var unit: Int64 = 100_000
            let start = position
            while position < end, bytes.byte(position) &- 48 <= 9 {
                value += Int64(bytes.byte(position) &- 48) * unit
                unit /= 10
                position += 1
            }
            return position > start ? value : nil
        }

        /// Minutes east of UTC.
        mutating func zoneOffset(in bytes: RawSpan) -> Int? {
            if take("Z", in: bytes) || take("z", in: bytes) { return 0 }
            let east = take("+", in: bytes)
            guard east || take("-", in: bytes), let hours = digits(2, in: bytes),
                take(":", in: bytes), let minutes = digits(2, in: bytes), hours < 24, minutes < 60
            else { return nil }
            return (hours * 60 + minutes) * (east ? 1 : -1)
        }
    }
}
