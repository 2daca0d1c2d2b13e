import DaemonHarness
import ScenarioHarness
import Testing

/// A line of the ledger, as both ways to it show it.
struct BookLine: Equatable, CustomStringConvertible {
    /// What kind of line it is.
    var kind: String
    /// By how much the balance changed.
    var amount: String
    /// The balance after it.
    var balance: String

    /// A line as a scenario expects it.
    init(_ kind: String, _ amount: String, _ balance: String) {
        self.kind = kind
        self.amount = amount
        self.balance = balance
    }

    var description: String { "\(kind) \(amount) -> \(balance)" }
}

/// What every scenario looks at. Numbers are texts: exact to the last digit, or wrong.
extension ScenarioWorld {
    /// The balance of an organisation, by HTTP.
    func expectBalance(
        _ balance: String,
        of name: String,
        held: String = "0",
        _ location: SourceLocation = #_sourceLocation
    ) throws {
        let wallet = try admin.balance(name)["wallet"]
        #expect(wallet["posted"].text == balance, sourceLocation: location)
        #expect(wallet["held"].text == held, sourceLocation: location)
    }

    /// What is left of the live grants, in burn order, by HTTP.
    func expectGrants(
        _ grants: [(class: String, remaining: String)],
        of name: String,
        _ location: SourceLocation = #_sourceLocation
    ) throws {
        let found = try admin.request("GET", "/v1/organisations/\(name)/grants")["grants"].list
        let texts = found.map { "\($0["class"].text ?? "?") \($0["remaining"].text ?? "?")" }
        let expected = grants.map { "\($0.class) \($0.remaining)" }
        #expect(texts == expected, sourceLocation: location)
    }

    /// The whole ledger, oldest line first, by HTTP and by plain SQL.
    func expectLedger(
        _ lines: [BookLine],
        of name: String,
        _ location: SourceLocation = #_sourceLocation
    ) throws {
        let (told, kept) = try ledger(of: name)
        #expect(told == lines, sourceLocation: location)
        #expect(kept == lines, sourceLocation: location)
    }

    /// The last lines of the ledger, by HTTP and by plain SQL.
    func expectLedger(
        endingWith lines: [BookLine],
        of name: String,
        _ location: SourceLocation = #_sourceLocation
    ) throws {
        let (told, kept) = try ledger(of: name)
        #expect(told.suffix(lines.count) == lines[...], sourceLocation: location)
        #expect(kept == told, sourceLocation: location)
    }

    private func ledger(of name: String) throws -> (told: [BookLine], kept: [BookLine]) {
        try waitUntilStored()
        let told = try admin.transactions(name).reversed().map {
            BookLine($0["kind"].text ?? "", $0["amount"].text ?? "", $0["balance"].text ?? "")
        }
        let kept = try database.query(
            """
            SELECT kind, trim_scale(amount), trim_scale(balance)
            FROM ledger JOIN organisations USING (org) WHERE name = '\(name)' ORDER BY line
            """
        ).map { BookLine($0[0] ?? "", $0[1] ?? "", $0[2] ?? "") }
        return (told, kept)
    }

    /// The usage log, oldest request first, by HTTP.
    func usage(of name: String) throws -> [JSONValue] {
        try waitUntilStored()
        return try admin.usage(name).reversed()
    }

    /// Every chain holds, and memory is what PostgreSQL says.
    func expectGreenAudit(_ location: SourceLocation = #_sourceLocation) throws {
        try waitUntilStored()
        let audit = try admin.audit()
        #expect(audit["green"].bool == true, "\(audit)", sourceLocation: location)
        #expect(audit["drifted"].int == 0, sourceLocation: location)
    }
}

extension JSONValue {
    /// Holds that an answer refuses with a status and a code.
    func expectRefused(
        _ status: Int,
        _ code: String,
        _ location: SourceLocation = #_sourceLocation
    ) {
        #expect(self["type"].text == "refused", "\(self)", sourceLocation: location)
        #expect(self["status"].int == status, sourceLocation: location)
        #expect(self["error"]["code"].text == code, sourceLocation: location)
    }

    /// Holds that an answer grants.
    func expectGranted(
        _ amount: String? = nil,
        _ location: SourceLocation = #_sourceLocation
    ) {
        #expect(self["type"].text == "granted", "\(self)", sourceLocation: location)
        if let amount { #expect(self["amount"].text == amount, sourceLocation: location) }
    }
}

extension Course: CustomTestStringConvertible {
    package var testDescription: String { rawValue }
}
