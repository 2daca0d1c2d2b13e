import DaemonHarness
import Quantities
import Testing

/// Proofs that many tests end with.
extension TestDaemon {
    /// Starts a daemon with an organisation `acme` that has this much.
    static func started(
        rates: String = Rates.card(),
        settings: [String: String] = [:],
        balance: String? = nil
    ) throws -> TestDaemon {
        let daemon = try TestDaemon(rates: rates, settings: settings)
        try daemon.start()
        try daemon.admin.createOrganisation("acme")
        if let balance { try daemon.admin.grant(balance, to: "acme") }
        return daemon
    }

    /// What is posted in a wallet, by memory.
    func posted(_ organisation: String = "acme") throws -> Amount {
        try #require(try admin.balance(organisation)["wallet"]["posted"].amount)
    }

    /// How many requests PostgreSQL has, once everything is stored.
    func storedLines() throws -> Int {
        try waitUntilStored()
        return try database.count("SELECT count(*) FROM usage_lines")
    }

    /// The sum of all charges in PostgreSQL.
    func storedCharge() throws -> Amount {
        try Amount(decimal: database.value("SELECT coalesce(-sum(amount), 0) FROM usage_lines"))
    }

    /// Every chain holds, and memory is what PostgreSQL says.
    func expectGreenAudit(_ location: SourceLocation = #_sourceLocation) throws {
        try waitUntilStored()
        let audit = try admin.audit()
        #expect(audit["green"].bool == true, "\(audit)", sourceLocation: location)
        #expect(audit["drifted"].int == 0, sourceLocation: location)
    }

    /// Stops it in order.
    func expectOrderlyStop(_ location: SourceLocation = #_sourceLocation) throws {
        let end = try stop()
        #expect(end == .exited(0), "\(logTail())", sourceLocation: location)
    }
}
