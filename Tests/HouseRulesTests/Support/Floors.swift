/// The floors of the house: a room imports only from floors below its own.
enum Floors {
    /// Each room's floor; C headers carry no logic and lie below all.
    static let table: [String: Int] = [
        "CLibpq": -1, "CLinux": -1,
        "Quantities": 0,
        "Rings": 1, "Rating": 1, "Accounting": 1, "Wire": 1,
        "Journaling": 2, "PostgresStore": 2, "Ingest": 2, "MeterClient": 2, "SettingsFiles": 2,
        "Engine": 3,
        "ControlPlane": 4,
        "meterd": 5, "meterctl": 5,
    ]

    /// Rooms that know numbers and nothing of the machine.
    static let pure: Set<String> = ["Rating", "Accounting", "Wire"]

    static func floor(of room: String) -> Int? { table[room] }

    /// The module that a line imports, or nil.
    static func module(importedBy line: String) -> String? {
        // An import stands at the beginning of its line.
        guard let first = line.utf8.first, first != UInt8(ascii: " "), first != UInt8(ascii: "/")
        else { return nil }
        var words = line.split(separator: " ").map(String.init)
        let modifiers: Set<String> = ["public", "internal", "package", "private", "fileprivate"]
        while let first = words.first, first.hasPrefix("@") || modifiers.contains(first) {
            words.removeFirst()
        }
        guard words.first == "import", words.count > 1 else { return nil }
        let kinds: Set<String> = [
            "struct", "class", "enum", "protocol", "func", "var", "let", "typealias",
        ]
        let name = kinds.contains(words[1]) && words.count > 2 ? words[2] : words[1]
        return name.split(separator: ".").first.map(String.init)
    }
}
