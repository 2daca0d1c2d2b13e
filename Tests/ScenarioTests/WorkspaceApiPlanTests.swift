import DaemonHarness
import ScenarioHarness
import Testing

/// workspace-api: only plan `pro`, and only after a first purchase.
extension WorkspaceApiTests {
    @Test(.enabled(if: Promised.plans && Promised.purchases), arguments: Course.allCases)
    func `1 and 2: trial never, pro after a purchase`(course: Course) async throws {
        try await Scenario.play("workspace-api", from: "2026-03-10T12:00:00Z", course) { play in
            var secret = ""
            func ask(_ world: ScenarioWorld) throws -> JSONValue {
                try world.gateway().authorize(key(secret), model: "workspace-large", input: 1000)
            }
            try play.step("1: a trial account with a key") { world in
                try world.admin.createOrganisation("acme")
                try world.setPlan("trial")
                secret = try world.admin.createKey("production", of: "acme")
                try ask(world).expectRefused(403, "plan_required")
            } then: { world in
                try ask(world).expectRefused(403, "plan_required")
                let bought = try world.money("POST", "purchases", #"{"credits":"25"}"#)
                #expect(bought.code == "plan_required")
            }
            try play.step("1: on pro without a purchase") { world in
                try world.setPlan("pro")
                try ask(world).expectRefused(403, "purchase_required")
            } then: { world in
                try ask(world).expectRefused(403, "purchase_required")
            }
            try play.step("2: buy 25") { world in
                try world.buy(#""credits":"25""#, payment: "pi-1")
                try world.expectBalance("25", of: "acme")
                let hold = try ask(world)
                hold.expectGranted()
                try world.gateway().release(hold)
            } then: { world in
                let hold = try ask(world)
                hold.expectGranted()
                try world.gateway().release(hold)
                try world.expectLedger([BookLine("purchase", "25", "25")], of: "acme")
            }
            try play.step("2: usage runs until the balance is 0") { world in
                try world.gateway()
                    .report("r-1", key(secret), model: "workspace-large", input: 10_000_000)
                try ask(world).expectRefused(402, "insufficient_credits")
            } then: { world in
                try world.expectBalance("0", of: "acme")
                try ask(world).expectRefused(402, "insufficient_credits")
            }
            try play.world.expectGreenAudit()
        }
    }
}
