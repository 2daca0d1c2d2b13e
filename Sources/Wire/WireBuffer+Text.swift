import Quantities

/// Numbers, amounts, times and JSON strings, written without allocating.
extension WireBuffer {
    /// Appends a whole number in decimal.
    mutating func append(decimal number: UInt64) {
        var rest = number
        var digits = InlineArray<20, UInt8>(repeating: 0)
        var first = 20
        repeat {
            first -= 1
            digits[first] = 48 &+ UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        } while rest > 0
        append(digits.span.bytes.extracting(first..<20))
    }

    /// Appends exactly so many digits, with leading zeros.
    mutating func append(digits number: UInt64, width: Int) {
        var rest = number
        let start = appendZeros(width)
        var position = start + width
        while position > start {
            position -= 1
            store(48 &+ UInt8(truncatingIfNeeded: rest % 10), at: position)
            rest /= 10
        }
    }

    /// Appends an amount as a canonical decimal ("14.9835").
    mutating func append(_ amount: Amount) {
        if amount.isNegative { append(byte: UInt8(ascii: "-")) }
        let perCredit = Amount.unitsPerCredit.magnitude
        let (whole, fraction) = amount.units.magnitude.quotientAndRemainder(dividingBy: perCredit)
        append(whole: whole)
        append(fraction: UInt64(fraction), digits: Amount.decimals)
    }

    /// Appends a number of thousandths as a canonical decimal ("0.5").
    mutating func append(thousandths: UInt32) {
        append(decimal: UInt64(thousandths / 1000))
        append(fraction: UInt64(thousandths % 1000), digits: 3)
    }

    private mutating func append(whole: UInt128) {
        // 10^38 units make 10^26 credits, more than 64 bits hold: two parts of at most 18 digits.
        let limit: UInt128 = 1_000_000_000_000_000_000
        guard whole >= limit else {
            append(decimal: UInt64(whole))
            return
        }
        append(decimal: UInt64(whole / limit))
        append(digits: UInt64(whole % limit), width: 18)
    }

    private mutating func append(fraction: UInt64, digits: Int) {
        guard fraction != 0 else { return }
        var width = digits
        var rest = fraction
        while rest % 10 == 0 {
            rest /= 10
            width -= 1
        }
        append(byte: UInt8(ascii: "."))
        append(digits: rest, width: width)
    }

    /// Appends a hold's name, `<org>-<serial>`.
    mutating func append(_ hold: HoldNumber) {
        append(decimal: UInt64(hold.org.raw))
        append(byte: UInt8(ascii: "-"))
        append(decimal: hold.serial)
    }

    /// Appends a string as JSON, with quotes and escapes.
    mutating func append(quoted text: String) {
        var text = text
        text.withUTF8 { append(quoted: UnsafeRawBufferPointer($0).bytes) }
    }

    /// Appends UTF-8 as a JSON string, with quotes and escapes.
    mutating func append(quoted bytes: RawSpan) {
        append(byte: UInt8(ascii: "\""))
        var clean = 0
        for index in 0..<bytes.byteCount {
            let byte = bytes.byte(index)
            guard byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") else {
                continue
            }
            append(bytes.extracting(clean..<index))
            append(escaped: byte)
            clean = index + 1
        }
        append(bytes.extracting(clean..<bytes.byteCount))
        append(byte: UInt8(ascii: "\""))
    }

    /// Appends one byte of a JSON string, escaped where it must be.
    mutating func append(jsonByte byte: UInt8) {
        if byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
            append(escaped: byte)
        } else {
            append(byte: byte)
        }
    }

    private mutating func append(escaped byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""): append("\\\"")
        case UInt8(ascii: "\\"): append("\\\\")
        case 0x0A: append("\\n")
        case 0x0D: append("\\r")
        case 0x09: append("\\t")
        default:
            append("\\u00")
            append(byte: 48 &+ (byte >> 4))
            let low = byte & 15
            append(byte: low < 10 ? 48 &+ low : 87 &+ low)
        }
    }
}
