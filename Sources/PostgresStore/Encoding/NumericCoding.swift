import Quantities

/// How PostgreSQL writes `numeric` in binary, for amounts.
///
/// Layout:
/// ```
///   0 i16 how many digits (to the base 10,000)
///   2 i16 weight: the first digit counts 10,000^weight
///   4 u16 sign: 0 positive, 0x4000 negative
///   6 u16 scale: decimals shown, here 12
///   8 i16 each digit, the highest first; neither the first nor the last is 0
/// ```
/// Units:       an amount's 12 decimals are exactly three such digits.
/// Cost:        no allocation and no text; one division for each digit.
enum NumericCoding {
    /// The most bytes an amount takes: 8 and eleven digits (38 decimal digits, aligned to fours).
    static let maximumLength = 8 + 11 * 2

    private static let fractionDigits = 3
    private static let negative: UInt16 = 0x4000

    /// Writes an amount.
    ///
    /// - Parameters:
    ///   - units: The amount in 10^-12.
    ///   - target: Room for `maximumLength` bytes.
    /// - Returns: How many bytes were written.
    @inline(__always)
    static func encode(_ units: Int128, to target: UnsafeMutableRawPointer) -> Int {
        let magnitude = units.magnitude
        if magnitude == 0 {
            target.storeBytes(of: UInt64(Amount.decimals).bigEndian, as: UInt64.self)
            return 8
        }
        // Lowest digit first; the digits go out in the opposite order.
        var digits = (UInt64(0), UInt64(0), UInt64(0))
        var count = 0
        if let small = UInt64(exactly: magnitude) {
            var rest = small
            while rest != 0 {
                let quotient = rest / 10_000
                put(UInt16(truncatingIfNeeded: rest &- quotient &* 10_000), at: count, in: &digits)
                rest = quotient
                count += 1
            }
        } else {
            count = splitLarge(magnitude, into: &digits)
        }
        var lowest = 0
        while digit(lowest, of: digits) == 0 { lowest += 1 }
        let written = count - lowest
        let header =
            UInt64(written) << 48
            | UInt64(UInt16(bitPattern: Int16(count - 1 - fractionDigits))) << 32
            | UInt64(units < 0 ? negative : 0) << 16 | UInt64(Amount.decimals)
        target.storeBytes(of: header.bigEndian, as: UInt64.self)
        var offset = 8
        var index = count - 1
        while index >= lowest {
            target.storeBytes(
                of: digit(index, of: digits).bigEndian,
                toByteOffset: offset,
                as: UInt16.self
            )
            offset += 2
            index -= 1
        }
        return offset
    }

    /// Splits beyond 64 bits in two halves of 10^16, so that 128-bit divisions are few.
    private static func splitLarge(
        _ magnitude: UInt128,
        into digits: inout (UInt64, UInt64, UInt64)
    ) -> Int {
        let half: UInt128 = 10_000_000_000_000_000
        var rest = magnitude
        var count = 0
        while rest != 0 {
            let (quotient, remainder) = rest.quotientAndRemainder(dividingBy: half)
            var part = UInt64(truncatingIfNeeded: remainder)
            // All four digits of a half count as long as there is a higher one.
            for _ in 0..<4 where quotient != 0 || part != 0 {
                put(UInt16(truncatingIfNeeded: part % 10_000), at: count, in: &digits)
                part /= 10_000
                count += 1
            }
            rest = quotient
        }
        return count
    }

    /// Four digits are kept in each word.
    @inline(__always)
    private static func put(
        _ digit: UInt16,
        at index: Int,
        in digits: inout (UInt64, UInt64, UInt64)
    ) {
        let bits = UInt64(digit) << UInt64(index % 4 * 16)
        if index < 4 {
            digits.0 |= bits
        } else if index < 8 {
            digits.1 |= bits
        } else {
            digits.2 |= bits
        }
    }

    @inline(__always)
    private static func digit(_ index: Int, of digits: (UInt64, UInt64, UInt64)) -> UInt16 {
        let word = index < 4 ? digits.0 : index < 8 ? digits.1 : digits.2
        return UInt16(truncatingIfNeeded: word >> UInt64(index % 4 * 16))
    }

    /// Reads an amount.
    ///
    /// - Parameter field: The bytes of a `numeric`.
    /// - Returns: The amount.
    /// - Throws: `unexpectedAnswer` when it is no number, has more than 12 decimals or is too
    ///   large.
    static func decode(_ field: UnsafeRawBufferPointer) throws(StoreError) -> Amount {
        guard field.count >= 8 else { throw .unexpectedAnswer("a numeric of \(field.count) bytes") }
        let count = Int(UInt16(bigEndian: field.loadUnaligned(as: UInt16.self)))
        let weight = Int(Int16(bigEndian: field.loadUnaligned(fromByteOffset: 2, as: Int16.self)))
        let sign = UInt16(bigEndian: field.loadUnaligned(fromByteOffset: 4, as: UInt16.self))
        guard field.count == 8 + count * 2, sign == 0 || sign == negative else {
            throw .unexpectedAnswer("a numeric that is no number")
        }
        var magnitude: UInt128 = 0
        for index in 0..<count {
            let digit = UInt16(
                bigEndian: field.loadUnaligned(fromByteOffset: 8 + index * 2, as: UInt16.self)
            )
            let (tenfold, overflow) = magnitude.multipliedReportingOverflow(by: 10_000)
            if overflow { throw .unexpectedAnswer("a numeric beyond the range of amounts") }
            magnitude = tenfold + UInt128(digit)
        }
        // The last digit stands at 10,000^(weight - count + 1); amounts end at 10,000^-3.
        var shift = count == 0 ? 0 : weight - count + 1 + fractionDigits
        guard shift >= 0 else { throw .unexpectedAnswer("a numeric with more than 12 decimals") }
        while shift > 0 {
            let (tenfold, overflow) = magnitude.multipliedReportingOverflow(by: 10_000)
            if overflow { throw .unexpectedAnswer("a numeric beyond the range of amounts") }
            magnitude = tenfold
            shift -= 1
        }
        guard magnitude <= Amount.max.units.magnitude else {
            throw .unexpectedAnswer("a numeric beyond the range of amounts")
        }
        let units = Int128(magnitude)
        return Amount(units: sign == negative ? -units : units)
    }
}
