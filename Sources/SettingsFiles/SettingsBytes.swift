/// Numbers of bytes as people write them: "65536", "64 KiB", "1 GiB".
enum SettingsBytes {
    private static let units: [(name: String, size: Int)] = [
        ("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10),
    ]

    static func text(_ bytes: Int) -> String {
        for unit in units where bytes >= unit.size && bytes % unit.size == 0 {
            return "\(bytes / unit.size) \(unit.name)"
        }
        return "\(bytes)"
    }

    static func parse(_ text: String) -> Int? {
        var digits = text
        var factor = 1
        for unit in units where text.lowercased().hasSuffix(unit.name.lowercased()) {
            digits = SettingsText.trimmed(text.dropLast(unit.name.count))
            factor = unit.size
        }
        guard let number = Int(String(digits.filter { $0 != "_" })) else { return nil }
        let (bytes, overflow) = number.multipliedReportingOverflow(by: factor)
        return overflow ? nil : bytes
    }
}

/// What the standard library leaves to Foundation.
enum SettingsText {
    static func trimmed(_ text: some StringProtocol) -> String {
        let head = text.drop { $0 == " " || $0 == "\t" }
        let reversed = head.reversed().drop { $0 == " " || $0 == "\t" }
        return String(reversed.reversed())
    }
}
