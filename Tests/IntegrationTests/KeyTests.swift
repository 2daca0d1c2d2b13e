import DaemonHarness
import Foundation
import Testing

/// Keys: named, shown once, dead the moment they are rotated.
@Suite struct KeyTests {
    @Test func `rotating a key kills its old secret at once, also on open connections`() throws {
        let daemon = try TestDaemon.started(balance: "25")
        let old = try daemon.admin.createKey("production", of: "acme")
        let testing = try daemon.admin.createKey("testing", of: "acme")
        let open = try LineClient(daemon)
        try open.hello("gateway")
        #expect(try open.authorize(key(old), input: 10)["type"].text == "granted")
        #expect(try open.authorize(key(testing), input: 10)["type"].text == "granted")

        let new = try daemon.admin.rotateKey("production", of: "acme")
        #expect(new != old)
        let refused = try open.authorize(key(old), input: 10)
        #expect(refused["type"].text == "refused", "\(refused)")
        #expect(refused["status"].int == 401)
        #expect(refused["error"]["code"].text == "invalid_key")
        #expect(refused["error"]["message"].text == "Invalid API key.")
        #expect(refused["limit"] == .null)
        #expect(try open.authorize(key(new), input: 10)["type"].text == "granted")
        #expect(try open.authorize(key(testing), input: 10)["type"].text == "granted")
        let fresh = try LineClient(daemon)
        #expect(try fresh.authorize(key(old), input: 10)["status"].int == 401)
        let usage = Usage(id: "late", account: key(old), input: 10)
        #expect(try fresh.report(usage)["code"].text == "invalid_key")

        try daemon.admin.revokeKey("testing", of: "acme")
        #expect(try open.authorize(key(testing), input: 10)["status"].int == 401)
        #expect(try open.authorize(key(new), input: 10)["type"].text == "granted")
    }

    @Test func `a key that is bound to a project spends for it, whatever a report names`() throws {
        let daemon = try TestDaemon.started(balance: "25")
        try daemon.admin.createProject("web", of: "acme")
        try daemon.admin.createProject("batch", of: "acme")
        let bound = try daemon.admin.createKey("web-key", of: "acme", project: "web")
        let free = try daemon.admin.createKey("any-key", of: "acme")
        let client = try LineClient(daemon)
        let batch = #""project":"batch","session":"s-9""#
        _ = try client.report(Usage(id: "a", account: key(bound), input: 10))
        _ = try client.report(Usage(id: "b", account: key(bound), input: 10, more: batch))
        _ = try client.report(Usage(id: "c", account: key(free), input: 10, more: batch))
        _ = try client.report(Usage(id: "d", account: key(free), input: 10))
        try daemon.waitUntilStored()
        let log = try daemon.admin.usage("acme")
        #expect(log.map { $0["project"].text } == [nil, "batch", "web", "web"])
        #expect(log.map { $0["key"].text } == ["any-key", "any-key", "web-key", "web-key"])
        let lines = try daemon.admin.transactions("acme", "kind=usage&limit=2")
        #expect(lines.map { $0["session"].text } == [nil, "s-9"])
    }

    /// All files below a folder that hold a text.
    private func files(in folder: String, holding text: String) throws -> [String] {
        let needle = Data(text.utf8)
        let files = FileManager.default.enumerator(atPath: folder)
        var found: [String] = []
        while let name = files?.nextObject() as? String {
            let path = "\(folder)/\(name)"
            var isFolder: ObjCBool = false
            guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder),
                !isFolder.boolValue, let data = FileManager.default.contents(atPath: path)
            else { continue }
            if data.range(of: needle) != nil { found.append(name) }
        }
        return found
    }

    @Test func `a secret is neither in PostgreSQL nor in the journal nor in the log`() throws {
        let daemon = try TestDaemon.started(
            settings: ["logging.level": "trace"],
            balance: "25"
        )
        let first = try daemon.admin.createKey("production", of: "acme")
        let second = try daemon.admin.rotateKey("production", of: "acme")
        let client = try LineClient(daemon)
        _ = try client.report(Usage(id: "u", account: key(second), input: 10))
        _ = try client.report(Usage(id: "v", account: key(first), input: 10))
        _ = try client.authorize(key(first), input: 10)
        try daemon.waitUntilStored()

        // The name is found where the secret is looked for, so that the search itself is proved.
        #expect(try files(in: daemon.statePath, holding: "production").isEmpty == false)
        let tables = try daemon.database.query(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'meterd'"
        ).compactMap { $0.first ?? nil }
        #expect(tables.contains("keys"))
        for secret in [first, second] {
            #expect(secret.utf8.count >= 32)
            #expect(try files(in: daemon.folder.path, holding: secret) == [])
            for table in tables {
                let rows = try daemon.database.count(
                    "SELECT count(*) FROM \(table) t WHERE t::text LIKE '%\(secret)%'"
                )
                #expect(rows == 0, "\(table)")
            }
            let shown = try daemon.admin.call("GET", "/v1/organisations/acme/keys").text
            #expect(!shown.contains(secret))
        }
        #expect(try daemon.database.count("SELECT count(*) FROM keys WHERE length(hash) = 32") == 1)
    }
}
