import DaemonHarness
import ScenarioHarness
import Testing

/// A weekend of one account: everything that people are told of comes once, and again only after it
/// had recovered.
///
/// Method: the real daemon, under a clock that is moved; a machine at 60 an hour is what is spent.
@Suite struct AlertsTests {
    private static let path = "/v1/organisations/acme"
    private static let wishes = """
        {"low_balance":["500"],"cap_percent":[25],"deployment_cost":{"day":"120"},\
        "daily_summary":true,"weekly_summary":true}
        """

    /// The account's alerts as HTTP tells them, the oldest first.
    private static func told(_ world: ScenarioWorld) throws -> [String] {
        try world.waitUntilStored()
        return try world.admin.request("GET", "\(path)/alerts")["alerts"].list.map { alert in
            let state = alert["cleared_at"].text == nil ? " open" : ""
            return "\(alert["kind"].text ?? "") \(alert["value"].text ?? "") of "
                + "\(alert["day"].text ?? "")\(state)"
        }
    }

    /// Which producers fell silent, and whether they are still: none of any account.
    private static func silences(_ world: ScenarioWorld) throws -> [String] {
        try world.waitUntilStored()
        let all = try world.admin.request("GET", "/v1/alerts")["alerts"].list
        return all.filter { $0["kind"].text == "silent_source" }.map { alert in
            "\(alert["name"].text ?? "")\(alert["cleared_at"].text == nil ? " open" : "")"
        }
    }

    private static func expectAlerts(
        _ expected: [String],
        _ world: ScenarioWorld,
        _ location: SourceLocation = #_sourceLocation
    ) throws {
        #expect(try told(world) == expected, sourceLocation: location)
    }

    /// Only a daemon that has PostgreSQL judges who is silent; its ticker does, ten times a second.
    private static func expectSilences(_ expected: [String], _ world: ScenarioWorld) throws {
        try wait(until: "silent: \(expected)", within: 10, step: 20_000) {
            try silences(world) == expected
        }
    }

    @Test(arguments: Course.allCases)
    func `every alert of a weekend comes once, and again after recovery`(
        course: Course
    ) async throws {
        try await Scenario.play("gpu-hourly", from: "2026-02-28T10:00:00Z", course) { play in
            let fleet = Fleet(of: "acme")
            func boot(_ world: ScenarioWorld, at time: String) throws {
                try world.move(to: time)
                try fleet.ask("web", "gpu-s", in: world).expectGranted("60")
                try fleet.boot("web", "gpu-s", in: world)
            }
            let saturday = [
                "deployment_cost 120 of 2026-02-28", "cap_threshold 240 of 2026-02-28",
            ]
            let first = saturday + ["daily_summary 240 of 2026-02-28"]
            let sunday = [
                "deployment_cost 120 of 2026-03-01", "cap_threshold 240 of 2026-03-01",
                "low_balance 460 of 2026-03-01",
            ]
            try play.step("Saturday: what a deployment may cost, and a share of the cap") { world in
                try world.admin.createOrganisation("acme")
                try world.admin.grant("1000", to: "acme")
                try world.admin.setCap("800", a: "day", of: "acme")
                try world.admin.request("PUT", "\(Self.path)/alert-settings", Self.wishes)
                try boot(world, at: "2026-02-28T10:00:00Z")
                try fleet.run(to: "2026-02-28T13:05:00Z", halting: "web", in: world)
            } then: { world in
                try world.expectBalance("760", of: "acme")
                try Self.expectAlerts(saturday.map { $0 + " open" }, world)
                try world.move(to: "2026-02-28T13:30:00Z")
                try Self.expectSilences(["fleet open"], world)
            }
            try play.step("midnight: the day is summed up, and its windows are over") { world in
                try world.move(to: "2026-03-01T00:00:00Z")
            } then: { world in
                try Self.expectAlerts(first, world)
                try Self.expectSilences(["fleet open"], world)
            }
            try play.step("Sunday: the same again, and below 500") { world in
                try boot(world, at: "2026-03-01T10:00:00Z")
                try fleet.run(to: "2026-03-01T14:00:00Z", in: world)
            } then: { world in
                try world.expectBalance("460", of: "acme")
                try Self.expectAlerts(first + sunday.map { $0 + " open" }, world)
                // Who is heard again is judged by what comes after a restart.
                try fleet.run(to: "2026-03-01T14:05:00Z", halting: "web", in: world)
                try world.move(to: "2026-03-01T14:06:00Z")
                try Self.expectSilences(["fleet"], world)
                try world.move(to: "2026-03-01T14:30:00Z")
                try Self.expectSilences(["fleet", "fleet open"], world)
            }
            let armed = first + sunday.prefix(2).map { $0 + " open" } + sunday.suffix(1)
            try play.step("100 more, and it has recovered") { world in
                try world.admin.grant("100", to: "acme")
            } then: { world in
                try Self.expectAlerts(armed, world)
            }
            try play.step("two hours more, and below 500 again") { world in
                try boot(world, at: "2026-03-01T20:00:00Z")
                try fleet.run(to: "2026-03-01T21:00:00Z", in: world)
            } then: { world in
                try world.expectBalance("440", of: "acme")
                let all = armed + ["low_balance 440 of 2026-03-01 open"]
                try Self.expectAlerts(all, world)
                try fleet.run(to: "2026-03-01T21:05:00Z", halting: "web", in: world)
                try world.move(to: "2026-03-01T21:06:00Z")
                try Self.expectSilences(["fleet", "fleet"], world)
                try world.move(to: "2026-03-01T21:30:00Z")
                try Self.expectSilences(["fleet", "fleet", "fleet open"], world)
            }
            let last =
                first + sunday + [
                    "low_balance 440 of 2026-03-01 open", "daily_summary 420 of 2026-03-01",
                    "weekly_summary 660 of 2026-02-23",
                ]
            try play.step("midnight: the day and the week are summed up") { world in
                try world.move(to: "2026-03-02T00:00:00Z")
            } then: { world in
                try Self.expectAlerts(last, world)
            }
            try play.step("a week without anything: nothing is summed up") { world in
                try world.walk(to: "2026-03-09T00:00:00Z", every: 21_600)
            } then: { world in
                try Self.expectAlerts(last, world)
                try Self.expectSilences(["fleet", "fleet", "fleet open"], world)
                let printed = try world.shell("meterctl alerts acme")
                #expect(printed.code == 0, "\(printed.text)")
                #expect(printed.text.split(separator: "\n").count == 1 + last.count)
                for text in ["420 spent on 2026-03-01", "660 spent in the week of 2026-02-23"] {
                    #expect(printed.text.contains(text), "\(printed.text)")
                }
            }
            try play.world.expectGreenAudit()
        }
    }
}
