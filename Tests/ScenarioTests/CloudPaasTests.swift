import DaemonHarness
import ScenarioHarness
import Testing

/// cloud-paas: a credit is a dollar; promotional before purchased, both lapse; closing forfeits.
@Suite struct CloudPaasTests {
    @Test(arguments: Course.allCases)
    func `1 to 6: grants, usage, expiry and closing`(course: Course) async throws {
        try await Scenario.play("cloud-paas", from: "2026-03-01T00:00:00Z", course) { play in
            var lines: [BookLine] = []
            try play.step("1: promotional 5 and 10 bought") { world in
                try world.admin.createOrganisation("acme")
                try world.admin.grant(
                    "5",
                    to: "acme",
                    class: "promotional",
                    more: #""expires_at":"2026-09-01T00:00:00Z""#
                )
                try world.admin.grant(
                    "10",
                    to: "acme",
                    more: #""expires_at":"2027-03-01T00:00:00Z""#
                )
            } then: { world in
                try world.expectBalance("15", of: "acme")
                try world.expectGrants([("promotional", "5"), ("purchased", "10")], of: "acme")
                lines += [
                    BookLine("promotional_grant", "5", "5"), BookLine("purchase", "10", "15"),
                ]
                try world.expectLedger(lines, of: "acme")
            }
            try play.step("2: sonnet, with cached input") { world in
                try world.move(to: "2026-03-02T10:00:00Z")
                try world.gateway().report(
                    "r-1",
                    org("acme"),
                    model: "sonnet",
                    input: 12_000,
                    output: 500,
                    more: #""cache_read_input_tokens":10000"#
                )
            } then: { world in
                try world.expectBalance("14.9835", of: "acme")
                try world.expectGrants(
                    [("promotional", "4.9835"), ("purchased", "10")],
                    of: "acme"
                )
                lines.append(BookLine("usage", "-0.0165", "14.9835"))
                try world.expectLedger(lines, of: "acme")
            }
            try play.step("3: mini, one token in and one out") { world in
                try world.gateway().report("r-2", org("acme"), model: "mini", input: 1, output: 1)
            } then: { world in
                try world.expectBalance("14.98349925", of: "acme")
                lines.append(BookLine("usage", "-0.00000075", "14.98349925"))
                try world.expectLedger(lines, of: "acme")
                let charges = try world.usage(of: "acme").map { $0["charge"].text }
                #expect(charges == ["0.0165", "0.00000075"])
            }
            try playMachine(play)
            try play.step("5: what is left of the promotion lapses") { world in
                try world.move(to: "2026-08-31T23:59:59.999999Z")
                try world.expectBalance("14.754982583333", of: "acme")
                try world.move(to: "2026-09-01T00:00:00Z")
            } then: { world in
                try world.expectBalance("10", of: "acme")
                try world.expectGrants([("purchased", "10")], of: "acme")
                lines = [BookLine("expiry", "-4.754982583333", "10")]
                try world.expectLedger(endingWith: lines, of: "acme")
            }
            try play.step("6: closing forfeits what is left, and is final") { world in
                try world.move(to: "2026-09-02T00:00:00Z")
                try world.admin.close("acme")
            } then: { world in
                try world.expectBalance("0", of: "acme")
                lines.append(BookLine("forfeiture", "-10", "0"))
                try world.expectLedger(endingWith: lines, of: "acme")
                try expectClosed(world)
                try world.expectLedger(endingWith: lines, of: "acme")
            }
            try play.world.expectGreenAudit()
        }
    }

    /// A machine for an hour and a half and half a minute: what is booked along the way adds up to
    /// the total that is rounded once.
    private func playMachine(_ play: Scenario) throws {
        let fleet = Fleet(of: "acme")
        let size = #""vcpu":2,"memory_gib":4,"storage_gib":20"#
        try play.step("4: a machine starts") { world in
            try world.move(to: "2026-03-03T10:00:00Z")
            try fleet.ask("web", "standard", size: size, in: world).expectGranted()
            try fleet.boot("web", "standard", size: size, in: world)
        }
        try play.step("4: it runs for an hour") { world in
            try fleet.run(to: "2026-03-03T11:00:00Z", in: world)
        } then: { world in
            // 0.062 an hour.
            let lines = try machineLines(world)
            #expect(lines.last?.first == "14.92149925")
        }
        try play.step("4: it stops after 5,430 s, and has sent 1.5 GiB") { world in
            fleet.setSent(1_610_612_736, by: "web")
            try fleet.run(to: "2026-03-03T11:30:30Z", halting: "web", in: world)
        } then: { world in
            try world.expectBalance("14.754982583333", of: "acme")
            let lines = try machineLines(world)
            #expect(lines.last == ["14.754982583333", "-0.228516666667"])
            try world.expectGrants(
                [("promotional", "4.754982583333"), ("purchased", "10")],
                of: "acme"
            )
        }
    }

    /// The balance after each line of machines, with the sum of all up to it.
    private func machineLines(_ world: ScenarioWorld) throws -> [[String?]] {
        // What was used by now is booked at the latest when somebody asks.
        _ = try world.admin.request("GET", "/v1/organisations/acme/machines")
        try world.waitUntilStored()
        return try world.database.query(
            """
            SELECT trim_scale(balance), trim_scale(sum(amount) OVER (ORDER BY line))
            FROM ledger WHERE kind = 'machine' ORDER BY line
            """
        )
    }

    /// Nothing goes any more: no request, no report, no money, no key.
    private func expectClosed(_ world: ScenarioWorld) throws {
        let gateway = try world.gateway()
        try gateway.authorize(org("acme"), model: "mini", input: 1)
            .expectRefused(403, "account_closed")
        let late = try gateway.report("r-9", org("acme"), model: "mini", input: 1)
        #expect(late["type"].text == "rejected")
        #expect(late["code"].text == "account_closed")
        let path = "/v1/organisations/acme"
        let calls = [
            ("POST", "\(path)/grants", #"{"amount":"1","class":"purchased"}"#),
            ("POST", "\(path)/keys", #"{"name":"main"}"#),
            ("POST", "\(path)/projects", #"{"name":"web"}"#),
            ("PUT", "\(path)/caps", #"{"scope":"org","period":"day","amount":"1"}"#),
        ]
        for (method, target, body) in calls {
            let answer = try world.admin.call(
                method,
                target,
                body,
                headers: ["Idempotency-Key": "after-the-end"]
            )
            #expect(answer.status == 403, "\(target): \(answer.text)")
            #expect(answer.code == "account_closed", "\(target)")
        }
    }
}
