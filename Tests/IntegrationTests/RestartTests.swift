import DaemonHarness
import Glibc
import Quantities
import Testing

/// A daemon that ends, in order or not, goes on where it was.
@Suite struct RestartTests {
    enum Ending: String, Sendable, CaseIterable { case asked, killed }

    @Test(arguments: Ending.allCases)
    func `balances, holds, caps, spend, keys and sequences are the same after a restart`(
        ending: Ending
    ) throws {
        let daemon = try TestDaemon.started(balance: "20")
        let admin = daemon.admin
        try admin.createOrganisation("zoned", zone: "Pacific/Auckland")
        try admin.grant("5", to: "zoned")
        try admin.grant(
            "3",
            to: "acme",
            class: "promotional",
            more: #""expires_at":"2090-01-01T00:00:00Z","note":"spring","reference":"c-1""#
        )
        try admin.grant("7", to: "acme", more: #""effective_at":"2090-01-01T00:00:00Z""#)
        try admin.createProject("web", of: "acme")
        let old = try admin.createKey("web-key", of: "acme", project: "web")
        let rotated = try admin.rotateKey("web-key", of: "acme")
        let revoked = try admin.createKey("gone", of: "acme")
        try admin.revokeKey("gone", of: "acme")
        try admin.setCap("100", a: "month", of: "acme")
        try admin.setCap("50", a: "total", of: "acme", scope: "project", name: "web")
        try admin.setCap("0", a: "day", of: "acme", scope: "key", name: "gone")

        let client = try LineClient(daemon)
        try client.hello("gateway")
        for sequence in 1...50 {
            var usage = Usage(id: "u-\(sequence)", account: key(rotated), input: 100_000)
            usage.sequence = sequence
            client.send(usage.line)
        }
        try client.waitForAck(50)
        let granted = try client.authorize(key(rotated), input: 1_000_000)
        let hold = try #require(granted["hold"].text)
        _ = try client.authorize(org("zoned"), input: 2_000_000)
        // The second half is not in PostgreSQL yet when the end comes, or only by chance.
        for sequence in 51...60 {
            var usage = Usage(id: "v-\(sequence)", account: org("zoned"), input: 1)
            usage.sequence = sequence
            client.send(usage.line)
        }
        try client.waitForAck(60)

        let before = try ["acme", "zoned"].map { try admin.organisation($0) }
        #expect(before[0]["wallet"]["posted"].text == "18")
        #expect(before[0]["wallet"]["held"].text == "1")
        #expect(before[0]["spend"]["total"].text == "5")
        if ending == .asked { try daemon.expectOrderlyStop() } else { daemon.kill() }
        try daemon.start()
        #expect(try ["acme", "zoned"].map { try admin.organisation($0) } == before)

        let again = try LineClient(daemon)
        #expect(try again.hello("gateway") == 60)
        #expect(try again.authorize(key(old), input: 1)["status"].int == 401)
        #expect(try again.authorize(key(revoked), input: 1)["status"].int == 401)
        again.send(
            Usage(id: "settle", account: key(rotated), input: 900_000, sequence: 61, hold: hold)
                .line
        )
        try again.waitForAck(61)
        let wallet = try admin.balance("acme")["wallet"]
        #expect(wallet["held"].text == "0")
        #expect(wallet["posted"].text == "17.1")
        // The cap of the project still counts what was spent before: 5.9 of 50.
        #expect(try again.authorize(key(rotated), input: 44_100_001)["type"].text == "refused")
        #expect(try daemon.storedLines() == 61)
        try daemon.expectGreenAudit()
        try daemon.expectOrderlyStop()
    }

    @Test func `a hold lapses by itself after a restart`() throws {
        let daemon = try TestDaemon.started(balance: "1")
        let granted = try LineClient(daemon).authorize(
            org("acme"),
            input: 1_000_000,
            more: #""ttl_ms":1500"#
        )
        #expect(granted["type"].text == "granted")
        daemon.kill()
        try daemon.start()
        try wait(until: "the hold has lapsed", within: 8) {
            try daemon.admin.balance("acme")["wallet"]["available"].text == "1"
        }
        #expect(try daemon.admin.status()["open_holds"].int == 0)
        try daemon.expectGreenAudit()
    }

    @Test func `the books do not depend on the number of loops and shards`() throws {
        let daemon = try TestDaemon(rates: Rates.card())
        var sequence = 0
        for (loops, shards) in [("1", "1"), ("3", "7"), ("2", "16"), ("1", "2")] {
            daemon.set("engine.ingest_loops", loops)
            daemon.set("engine.shards", shards)
            try daemon.start()
            if sequence == 0 {
                for index in 0..<20 {
                    try daemon.admin.createOrganisation("org-\(index)")
                    try daemon.admin.grant("1", to: "org-\(index)")
                }
            }
            let client = try LineClient(daemon)
            #expect(try client.hello("gateway") == sequence)
            for index in 0..<200 {
                sequence += 1
                var usage = Usage(id: "u-\(sequence)", account: org("org-\(index % 20)"))
                usage.input = 1000
                usage.sequence = sequence
                client.send(usage.line)
            }
            try client.waitForAck(sequence)
            // Every other end is a crash.
            if shards == "7" { daemon.kill() } else { try daemon.expectOrderlyStop() }
        }
        try daemon.start()
        for index in 0..<20 { #expect(try daemon.posted("org-\(index)") == amount("0.96")) }
        #expect(try daemon.storedLines() == 800)
        try daemon.expectGreenAudit()
    }

    @Test func `an idempotent grant is still known after a restart`() throws {
        let daemon = try TestDaemon.started(balance: "1")
        try daemon.admin.grant("5", to: "acme", key: "pay-1")
        daemon.kill()
        try daemon.start()
        #expect(try daemon.admin.grant("5", to: "acme", key: "pay-1")["repeated"].bool == true)
        #expect(try daemon.posted() == Amount(credits: 6))
    }

    @Test func `the folder of the state is made when it is missing`() throws {
        let daemon = try TestDaemon(rates: Rates.card())
        let folder = "\(daemon.folder.path)/deep-state"
        daemon.set("node.state_directory", folder)
        try daemon.start()
        var status = stat()
        #expect(stat(folder, &status) == 0)
        #expect(status.st_mode & 0o777 == 0o750)
        try daemon.expectOrderlyStop()
    }
}
