import Quantities
import Rating

/// Reads `credit:`, what a credit is called and worth.
enum CreditReader {
    static func read(_ value: YamlValue) -> CreditUnit {
        var unit = CreditUnit()
        guard var map = value.mapping() else { return unit }
        if let name = map.optional("name"), let text = name.text() {
            if name.isName(text) { unit.name = text }
        }
        unit.value = map.optional("value")?.positiveAmount()
        unit.currency = map.optional("currency")?.read("a currency of three letters such as USD") {
            let isCode =
                $0.utf8.count == 3
                && $0.utf8.allSatisfy { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) }
            return isCode ? $0 : nil
        }
        if map.contains("value"), !map.contains("currency") {
            value.refuse("has a `value`, and no `currency` that it is in")
        }
        map.refuseRest()
        return unit
    }
}
