import DaemonHarness
import ScenarioHarness
import Testing

/// token-packs: a credit is a token; a monthly allowance before the packs.
@Suite struct TokenPacksTests {
    @Test(arguments: Course.allCases)
    func `1, 2 and 4: the month's allowance first, then the pack`(course: Course) async throws {
        try await Scenario.play("token-packs", from: "2026-03-01T00:00:00Z", course) { play in
            // The allowance is given by hand here, as a promotion that lapses with the month.
            try play.step("1: an allowance of 100,000, and the Starter pack") { world in
                try world.admin.createOrganisation("acme")
                try world.admin.createProject("novel", of: "acme")
                try world.admin.grant(
                    "100000",
                    to: "acme",
                    class: "promotional",
                    more: #""expires_at":"2026-04-01T00:00:00Z""#
                )
                try world.admin.grant("1000000", to: "acme")
            } then: { world in
                try world.expectGrants(
                    [("promotional", "100000"), ("purchased", "1000000")],
                    of: "acme"
                )
            }
            try play.step("2: 150,000 tokens in the month") { world in
                try world.move(to: "2026-03-20T15:00:00Z")
                try world.gateway().report(
                    "r-1",
                    org("acme"),
                    model: "any-model",
                    input: 120_000,
                    output: 30_000,
                    more: #""project":"novel","session":"chapter-7""#
                )
            } then: { world in
                try world.expectGrants([("purchased", "950000")], of: "acme")
                try world.expectBalance("950000", of: "acme")
                try world.waitUntilStored()
                let line = try #require(try world.admin.transactions("acme", "kind=usage").first)
                #expect(line["amount"].text == "-150000")
                #expect(line["project"].text == "novel")
                #expect(line["session"].text == "chapter-7")
            }
            try play.world.expectGreenAudit()
        }
    }
}
