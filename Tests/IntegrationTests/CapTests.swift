import DaemonHarness
import Quantities
import Testing

/// Hard caps in every scope and period, and what subscribers are told.
@Suite struct CapTests {
    private struct Scene {
        let daemon: TestDaemon
        let secret: String
        let client: LineClient

        init() throws {
            daemon = try TestDaemon.started(balance: "1000")
            try daemon.admin.createProject("web", of: "acme")
            secret = try daemon.admin.createKey("web-key", of: "acme", project: "web")
            client = try LineClient(daemon)
        }
    }

    @Test(arguments: [
        ("org", "organisation_cap", "Organisation cap"), ("project", "project_cap", "Project cap"),
        ("key", "key_cap", "Key cap"),
    ])
    func `a cap in each scope and period refuses what exceeds it, and no other scope`(
        scope: String,
        limit: String,
        title: String
    ) throws {
        let scene = try Scene()
        let admin = scene.daemon.admin
        let name = ["project": "web", "key": "web-key"][scope]
        let other = try admin.createKey("other", of: "acme")
        let periods = [
            ("day", "a day"), ("week", "a week"), ("month", "a month"), ("total", "in total"),
        ]
        for (period, phrase) in periods {
            try admin.setCap("2", a: period, of: "acme", scope: scope, name: name)
            // What is spent is 0, so 2 is exactly what passes.
            let refused = try scene.client.authorize(key(scene.secret), input: 2_000_001)
            #expect(refused["error"]["code"].text == "spend_cap_exceeded", "\(refused)")
            let message = try #require(refused["error"]["message"].text)
            let begin = "Spend cap exceeded. \(title): 2 credits \(phrase), 0 used."
            #expect(message.hasPrefix(begin), "\(message)")
            #expect(message.contains("Resets") == (period != "total"))
            #expect(refused["limit"]["name"].text == limit)
            #expect(refused["limit"]["scope"].text == scope)
            #expect(refused["limit"]["period"].text == period)
            #expect(refused["limit"]["id"].text == name ?? "acme")
            let granted = try scene.client.authorize(key(scene.secret), input: 2_000_000)
            let hold = try #require(granted["hold"].text)
            // The other key is bound to no project: only the organisation's cap holds it.
            let free = try scene.client.authorize(key(other), input: 1)
            #expect(free["type"].text == (scope == "org" ? "refused" : "granted"))
            for open in [hold, free["hold"].text].compactMap({ $0 }) {
                scene.client.send(#"{"type":"release","hold":"\#(open)"}"#)
                #expect(try scene.client.next("released")["hold"].text == open)
            }
            try admin.clearCap(a: period, of: "acme", scope: scope, name: name)
            let uncapped = try scene.client.authorize(
                key(scene.secret),
                input: 2_000_001,
                more: #""ttl_ms":1"#
            )
            #expect(uncapped["type"].text == "granted")
            try wait(until: "the hold has lapsed") {
                try admin.status()["open_holds"].int == 0
            }
        }
    }

    @Test func `all caps apply at once, and the tightest is told`() throws {
        let scene = try Scene()
        let admin = scene.daemon.admin
        try admin.setCap("5", a: "month", of: "acme")
        try admin.setCap("4", a: "day", of: "acme")
        try admin.setCap("3", a: "week", of: "acme", scope: "project", name: "web")
        try admin.setCap("2", a: "total", of: "acme", scope: "key", name: "web-key")
        func limit(_ credits: Int) throws -> String? {
            let tokens = credits * 1_000_000
            let answer = try scene.client.authorize(key(scene.secret), input: tokens)
            return answer["limit"]["name"].text
        }
        #expect(try limit(3) == "key_cap")
        try admin.clearCap(a: "total", of: "acme", scope: "key", name: "web-key")
        #expect(try limit(4) == "project_cap")
        try admin.clearCap(a: "week", of: "acme", scope: "project", name: "web")
        #expect(try limit(5) == "organisation_cap")
        let info = try admin.organisation("acme")
        #expect(info["caps"].list.map { $0["period"].text } == ["day", "month"])
        // Usage that has happened is booked, whatever the caps say, and counts.
        let report = Usage(id: "happened", account: key(scene.secret), input: 6_000_000)
        #expect(try scene.client.report(report)["type"].text == "ack")
        #expect(try admin.balance("acme")["spend"]["day"].text == "6")
        #expect(try limit(1) == "organisation_cap")
        try scene.daemon.expectGreenAudit()
    }

    @Test func `a wallet that empties is cut off, and restored by a grant, before all subscribers`()
        throws
    {
        let daemon = try TestDaemon.started(balance: "1")
        let first = try LineClient(daemon)
        first.send(#"{"type":"subscribe","topics":["cutoffs"]}"#)
        let present = try first.next("subscribed")
        #expect(present["cutoffs"].list == [])
        #expect(present["complete"].bool == true)

        let gateway = try LineClient(daemon)
        // Not yet: a millionth is left.
        _ = try gateway.report(Usage(id: "a", input: 999_999))
        try first.ping()
        #expect(first.others.isEmpty)
        _ = try gateway.report(Usage(id: "b", input: 1))
        let cutoff = try first.next("cutoff")
        #expect(cutoff["scope"].text == "org")
        #expect(cutoff["id"].text == "acme")
        #expect(cutoff["reason"].text == "insufficient_credits")
        #expect(cutoff["at"].text?.hasSuffix("Z") == true)

        // Who subscribes now is told what is cut off at present.
        let late = try LineClient(daemon)
        late.send(#"{"type":"subscribe","topics":["cutoffs"]}"#)
        let list = try late.next("subscribed")["cutoffs"].list
        #expect(list.map { $0["id"].text } == ["acme"])
        #expect(list.first?["reason"].text == "insufficient_credits")

        try daemon.admin.grant("0.5", to: "acme")
        for client in [first, late] {
            let restored = try client.next("restored")
            #expect(restored["scope"].text == "org")
            #expect(restored["id"].text == "acme")
        }
        // Who did not subscribe heard nothing.
        try gateway.ping()
        #expect(gateway.others.isEmpty)
        let fresh = try LineClient(daemon)
        fresh.send(#"{"type":"subscribe","topics":["cutoffs","orders"]}"#)
        #expect(try fresh.next("subscribed")["cutoffs"].list == [])
    }

    @Test func `a long list of what is cut off comes in parts, each organisation once`() throws {
        let daemon = try TestDaemon(rates: Rates.card())
        try daemon.start()
        let count = 520
        try inParallel(4) { part in
            for index in stride(from: part, to: count, by: 4) {
                try daemon.admin.createOrganisation("org-\(index)")
            }
        }
        try daemon.admin.grant("1", to: "org-7")
        let client = try LineClient(daemon)
        client.send(#"{"type":"subscribe","topics":["cutoffs"]}"#)
        var names: [String] = []
        var parts = 0
        while true {
            let part = try client.next("subscribed")
            parts += 1
            #expect(part["cutoffs"].list.count <= 500)
            names += part["cutoffs"].list.compactMap { $0["id"].text }
            if part["complete"].bool == true { break }
        }
        #expect(parts >= 2)
        #expect(names.count == count - 1)
        #expect(Set(names) == Set((0..<count).map { "org-\($0)" }).subtracting(["org-7"]))
        try client.ping()
        #expect(client.others.isEmpty)
    }

    @Test func `caps and revoked keys are cut off in their own scope`() throws {
        let scene = try Scene()
        let watcher = try LineClient(scene.daemon)
        watcher.send(#"{"type":"subscribe","topics":["cutoffs"]}"#)
        _ = try watcher.next("subscribed")
        let admin = scene.daemon.admin
        try admin.setCap("1", a: "day", of: "acme", scope: "project", name: "web")
        let report = Usage(id: "u", account: key(scene.secret), input: 1_000_000)
        _ = try scene.client.report(report)
        let project = try watcher.next("cutoff")
        #expect(project["scope"].text == "project")
        #expect(project["id"].text?.contains("web") == true, "\(project)")
        try admin.setCap("2", a: "day", of: "acme", scope: "project", name: "web")
        #expect(try watcher.next("restored")["scope"].text == "project")
        try admin.revokeKey("web-key", of: "acme")
        let revoked = try watcher.next("cutoff")
        #expect(revoked["scope"].text == "key")
        #expect(revoked["id"].text?.contains("web-key") == true, "\(revoked)")
        #expect(watcher.others.isEmpty)
    }
}
