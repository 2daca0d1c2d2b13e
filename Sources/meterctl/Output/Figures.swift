import Quantities

/// Numbers as people read them.
enum Figures {
    /// A number with its thousands apart: "12,345".
    static func count(_ number: some BinaryInteger) -> String {
        let digits = String(number.magnitude)
        var text = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index).isMultiple(of: 3) { text += "," }
            text.append(digit)
        }
        return (number < 0 ? "-" : "") + text
    }

    /// Bytes in the largest unit of which there is at least one: "64.0 MiB".
    static func bytes(_ number: UInt64) -> String {
        let units = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]
        guard number >= 1024 else { return "\(number) B" }
        var tenths = number
        var unit = -1
        var rest: UInt64 = 0
        while tenths >= 1024, unit + 1 < units.count {
            rest = tenths % 1024
            tenths /= 1024
            unit += 1
        }
        return "\(tenths).\(rest * 10 / 1024) \(units[unit])"
    }

    /// A time span in its two largest units: "3 h 12 min".
    static func span(microseconds: Int64) -> String {
        let seconds = max(0, microseconds) / 1_000_000
        if seconds < 60 { return "\(seconds) s" }
        if seconds < 3600 { return "\(seconds / 60) min \(seconds % 60) s" }
        if seconds < 86_400 { return "\(seconds / 3600) h \(seconds / 60 % 60) min" }
        return "\(seconds / 86_400) d \(seconds / 3600 % 24) h"
    }

    /// A short time with milliseconds: "1.234 s".
    static func seconds(nanoseconds: UInt64) -> String {
        let milliseconds = nanoseconds / 1_000_000
        let rest = String(milliseconds % 1000)
        let zeros = String(repeating: "0", count: 3 - rest.utf8.count)
        return "\(milliseconds / 1000).\(zeros)\(rest) s"
    }

    /// So many a second, from a number and the time that it took.
    static func rate(_ number: UInt64, nanoseconds: UInt64) -> String {
        guard nanoseconds > 0 else { return "-" }
        let product = number.multipliedFullWidth(by: 1_000_000_000)
        guard product.high < nanoseconds else { return "-" }
        return count(nanoseconds.dividingFullWidth(product).quotient)
    }

    /// One thing, or several: "1 line", "2 lines".
    static func plural(_ number: some BinaryInteger, _ one: String, _ many: String) -> String {
        "\(count(number)) \(number == 1 ? one : many)"
    }
}
