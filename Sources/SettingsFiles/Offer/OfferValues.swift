import Quantities
import Rating

extension YamlValue {
    /// The value as an amount above zero.
    func positiveAmount() -> Amount? {
        guard let amount = amount() else { return nil }
        guard amount.isPositive else {
            refuse("is not above zero")
            return nil
        }
        return amount
    }

    /// The value as a time to live, such as `12 months`, `30 days` or `1 year`.
    ///
    /// - Returns: The lifetime; `.some(nil)` for `never`; nil when it is none, which is noted.
    func lifetime() -> Lifetime?? {
        read("`never` or a time such as `12 months`, `30 days` or `1 year`") { text in
            if text == "never" { return .some(nil) }
            let words = text.split(separator: " ")
            guard words.count == 2, words[0].utf8.allSatisfy({ (48...57).contains($0) }),
                let count = Int(words[0]), (1...36_500).contains(count)
            else { return nil }
            switch words[1] {
            case "day", "days": return .days(count)
            case "month", "months": return count <= 1_200 ? .months(count) : nil
            case "year", "years": return count <= 100 ? .months(count * 12) : nil
            default: return nil
            }
        }
    }

    /// The value as a name that calls and records can carry: 1 to 64 of letters, digits, `.`, `_`
    /// and `-`.
    ///
    /// - Parameter name: The name, which is a key.
    /// - Returns: Whether it is one; what it is not is noted.
    func isName(_ name: String) -> Bool {
        let isPlain = name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "-"):
                true
            default: false
            }
        }
        guard isPlain, (1...64).contains(name.utf8.count) else {
            report.add(
                YamlIssue(
                    line: keyLine,
                    column: keyColumn,
                    path: path,
                    value: nil,
                    message: "the name is not 1 to 64 of a-z, A-Z, 0-9, \".\", \"_\", \"-\""
                )
            )
            return false
        }
        return true
    }
}
