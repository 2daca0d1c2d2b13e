/// Exact reading of decimal numbers from text, without floating point on the way.
public enum DecimalText {
    /// The number times 10^`decimals`, exactly.
    ///
    /// - Parameters:
    ///   - text: UTF-8 of the number: `-?digits[.digits][(e|E)[+-]digits]`.
    ///   - decimals: How many decimals the result carries.
    ///   - exponent: Whether an exponent is allowed (as in JSON numbers).
    /// - Returns: The number in units of the last decimal.
    /// - Throws: `DecimalError` when it is not a number, not exact at this scale, or too large.
    public static func scaled(
        _ text: some Collection<UInt8>,
        decimals: Int,
        exponent: Bool
    ) throws(DecimalError) -> Int128 {
        let parts = try parse(text, exponent: exponent)
        var shift = parts.exponent + decimals
        var value = parts.digits
        if value == 0 { return 0 }
        if parts.isCut { throw shift > 0 ? .outOfRange : .tooPrecise(decimals: decimals) }
        while shift < 0 {
            let (quotient, remainder) = value.quotientAndRemainder(dividingBy: 10)
            if remainder != 0 { throw .tooPrecise(decimals: decimals) }
            value = quotient
            shift += 1
        }
        guard shift <= 38 else { throw .outOfRange }
        for _ in 0..<shift {
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            if overflow { throw .outOfRange }
            value = product
        }
        return parts.negative ? -value : value
    }

    /// The number times 10^`decimals`, rounded half to even where it is not exact.
    ///
    /// - Parameters:
    ///   - text: UTF-8 of the number, with or without an exponent.
    ///   - decimals: How many decimals the result carries.
    /// - Returns: The number in units of the last decimal, and whether nothing was rounded.
    /// - Throws: `DecimalError` when it is not a number or too large.
    public static func rounded(
        _ text: some Collection<UInt8>,
        decimals: Int
    ) throws(DecimalError) -> (value: Int128, exact: Bool) {
        let parts = try parse(text, exponent: true)
        let shift = parts.exponent + decimals
        if shift >= 0 || parts.digits == 0 {
            return (try scaled(text, decimals: decimals, exponent: true), true)
        }
        // A 128-bit number has at most 39 digits: everything shifted further is below half a unit.
        guard -shift <= 38 else { return (0, false) }
        var divisor: Int128 = 1
        for _ in 0..<(-shift) { divisor *= 10 }
        var value = Rounding.halfToEven(parts.digits, dividedBy: divisor)
        let remainder = parts.digits % divisor
        // With more digits behind it, what looks like a half is above it.
        if parts.isCut, remainder == divisor / 2 { value = parts.digits / divisor + 1 }
        return (parts.negative ? -value : value, remainder == 0 && !parts.isCut)
    }

    private struct Parts {
        var negative = false
        /// The leading digits, as many as 128 bits carry.
        var digits: Int128 = 0
        var exponent = 0
        /// Whether no further digit fits.
        var isFull = false
        /// Whether a digit that did not fit was not 0.
        var isCut = false

        /// Takes one more digit, which is the text's next.
        mutating func append(_ digit: UInt8, isFraction: Bool) throws(DecimalError) {
            let (tenfold, overflow) = digits.multipliedReportingOverflow(by: 10)
            let (sum, carry) = tenfold.addingReportingOverflow(Int128(digit))
            if isFull || overflow || carry {
                // Float noise: digits far behind the point count for rounding only.
                guard isFraction else { throw .outOfRange }
                isFull = true
                isCut = isCut || digit != 0
                return
            }
            digits = sum
            if isFraction { exponent -= 1 }
        }
    }

    private static func parse(
        _ text: some Collection<UInt8>,
        exponent allowExponent: Bool
    ) throws(DecimalError) -> Parts {
        var parts = Parts()
        var seenDigit = false
        var seenPoint = false
        var index = text.startIndex
        var last: UInt8 = 0
        if index < text.endIndex, text[index] == UInt8(ascii: "-") {
            parts.negative = true
            index = text.index(after: index)
        }
        while index < text.endIndex {
            let byte = text[index]
            let previous = last
            last = byte
            if byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") {
                try parts.append(byte &- 48, isFraction: seenPoint)
                seenDigit = true
            } else if byte == UInt8(ascii: "."), !seenPoint, seenDigit {
                seenPoint = true
            } else if allowExponent, previous >= UInt8(ascii: "0"), previous <= UInt8(ascii: "9"),
                byte == UInt8(ascii: "e") || byte == UInt8(ascii: "E")
            {
                parts.exponent += try exponentValue(text[text.index(after: index)...])
                return parts
            } else {
                throw .malformed
            }
            index = text.index(after: index)
        }
        guard seenDigit, last != UInt8(ascii: ".") else { throw .malformed }
        return parts
    }

    private static func exponentValue(
        _ text: some Collection<UInt8>
    ) throws(DecimalError) -> Int {
        var value = 0
        var negative = false
        var digits = 0
        for (offset, byte) in text.enumerated() {
            if offset == 0, byte == UInt8(ascii: "-") || byte == UInt8(ascii: "+") {
                negative = byte == UInt8(ascii: "-")
                continue
            }
            guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { throw .malformed }
            // Beyond this every number but 0 is out of range or all behind the last decimal.
            value = min(value * 10 + Int(byte &- 48), 100_000)
            digits += 1
        }
        guard digits > 0 else { throw .malformed }
        return negative ? -value : value
    }
}

/// Writing of numbers with 12 decimals.
enum Decimal12 {
    static func text(_ units: Int128) -> String {
        let magnitude = units.magnitude
        let (whole, fraction) = magnitude.quotientAndRemainder(dividingBy: 1_000_000_000_000)
        var result = units < 0 ? "-" : ""
        result += String(whole)
        if fraction != 0 {
            let digits = String(fraction)
            result += "."
            result += String(repeating: "0", count: 12 - digits.utf8.count)
            result += digits
            while result.utf8.last == UInt8(ascii: "0") { result.removeLast() }
        }
        return result
    }
}
