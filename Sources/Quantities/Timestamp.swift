/// A moment, in microseconds since 1970-01-01T00:00:00Z, the resolution of PostgreSQL.
@frozen
public struct Timestamp: Sendable, Hashable, Comparable, BitwiseCopyable {
    /// Microseconds since 1970-01-01T00:00:00Z.
    public let microseconds: Int64

    /// The far future: a grant with this expiry never expires.
    @inlinable public static var never: Timestamp { Timestamp(microseconds: .max) }
    /// 1970-01-01T00:00:00Z.
    @inlinable public static var epoch: Timestamp { Timestamp(microseconds: 0) }

    /// Makes a moment.
    ///
    /// - Parameter microseconds: Microseconds since 1970-01-01T00:00:00Z.
    @inlinable
    public init(microseconds: Int64) {
        self.microseconds = microseconds
    }

    /// The moment so many microseconds later.
    ///
    /// - Parameter microseconds: How far, may be negative; stops at the ends of time.
    /// - Returns: That moment.
    @inlinable
    public func advanced(byMicroseconds microseconds: Int64) -> Timestamp {
        let (sum, overflow) = self.microseconds.addingReportingOverflow(microseconds)
        if overflow { return Timestamp(microseconds: microseconds > 0 ? .max : .min) }
        return Timestamp(microseconds: sum)
    }

    /// The day in UTC that holds this moment.
    @inlinable public var utcDay: CivilDay {
        let day = microseconds.dividedFloor(by: 86_400_000_000)
        return CivilDay(number: Int32(clamping: day))
    }

    /// Orders by time.
    @inlinable
    public static func < (left: Timestamp, right: Timestamp) -> Bool {
        left.microseconds < right.microseconds
    }
}

extension Int64 {
    /// The quotient, rounded towards minus infinity.
    ///
    /// - Parameter divisor: Above zero.
    /// - Returns: The largest whole number that is not above the quotient.
    @inlinable
    public func dividedFloor(by divisor: Int64) -> Int64 {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? quotient - 1 : quotient
    }

    /// What `dividedFloor` leaves over: never below zero.
    func moduloFloor(by divisor: Int64) -> Int64 {
        let remainder = self % divisor
        return remainder < 0 ? remainder + divisor : remainder
    }
}

extension Timestamp: CustomStringConvertible {
    /// RFC 3339 in UTC: "2026-03-01T10:00:00Z", with as many decimals as are needed, at most 6.
    public var description: String {
        if self == .never { return "never" }
        let day = utcDay
        let inDay = microseconds.moduloFloor(by: 86_400_000_000)
        let (seconds, fraction) = inDay.quotientAndRemainder(dividingBy: 1_000_000)
        var text = day.description
        text += "T"
        text += twoDigits(seconds / 3600) + ":" + twoDigits(seconds / 60 % 60)
        text += ":" + twoDigits(seconds % 60)
        if fraction != 0 {
            let digits = String(fraction)
            text += "." + String(repeating: "0", count: 6 - digits.utf8.count) + digits
            while text.utf8.last == UInt8(ascii: "0") { text.removeLast() }
        }
        return text + "Z"
    }

    /// Reads an RFC 3339 time, or nil when it is none.
    ///
    /// Decimals beyond microseconds are cut off. A leap second (":60") is read as the next second.
    ///
    /// - Parameter text: For example "2026-03-01T10:00:00.25+02:00"; "T" may be a space.
    public init?(rfc3339 text: some Collection<UInt8>) {
        var reader = DigitReader(bytes: Array(text))
        guard let year = reader.number(digits: 4), reader.take("-"),
            let month = reader.number(digits: 2), reader.take("-"),
            let day = reader.number(digits: 2),
            reader.take("T") || reader.take("t") || reader.take(" "),
            let hour = reader.number(digits: 2), reader.take(":"),
            let minute = reader.number(digits: 2), reader.take(":"),
            let second = reader.number(digits: 2),
            hour < 24, minute < 60, second <= 60,
            let civil = CivilDay(year: year, month: month, day: day)
        else { return nil }
        var micros = Int64(0)
        if reader.take(".") {
            guard let fraction = reader.microseconds() else { return nil }
            micros = fraction
        }
        guard let offsetMinutes = reader.zoneOffset(), reader.atEnd else { return nil }
        let seconds = Int64(civil.number) * 86_400 + Int64(hour * 3600 + minute * 60 + second)
        self.microseconds = (seconds - Int64(offsetMinutes) * 60) * 1_000_000 + micros
    }
}

private func twoDigits(_ value: Int64) -> String {
    value < 10 ? "0\(value)" : "\(value)"
}

/// Reads fixed-width digits from a short text.
private struct DigitReader {
    let bytes: [UInt8]
    var index = 0

    var atEnd: Bool { index == bytes.count }

    init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard index < bytes.count, UInt32(bytes[index]) == character.value else { return false }
        index += 1
        return true
    }

    mutating func number(digits: Int) -> Int? {
        guard index + digits <= bytes.count else { return nil }
        var value = 0
        for _ in 0..<digits {
            let byte = bytes[index]
            guard byte >= 48, byte <= 57 else { return nil }
            value = value * 10 + Int(byte - 48)
            index += 1
        }
        return value
    }

    mutating func microseconds() -> Int64? {
        var value: Int64 = 0
        var digits = 0
        while index < bytes.count, bytes[index] >= 48, bytes[index] <= 57 {
            if digits < 6 { value = value * 10 + Int64(bytes[index] - 48) }
            digits += 1
            index += 1
        }
        guard digits > 0 else { return nil }
        for _ in min(digits, 6)..<6 { value *= 10 }
        return value
    }

    mutating func zoneOffset() -> Int? {
        if take("Z") || take("z") { return 0 }
        let sign: Int
        if take("+") {
            sign = 1
        } else if take("-") {
            sign = -1
        } else {
            return nil
        }
        guard let hours = number(digits: 2), take(":"), let minutes = number(digits: 2),
            hours < 24, minutes < 60
        else { return nil }
        return sign * (hours * 60 + minutes)
    }
}
