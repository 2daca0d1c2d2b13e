import DaemonHarness
import ScenarioHarness
import Testing

/// workspace-api: a credit is a euro; the API stops at zero; named keys.
@Suite struct WorkspaceApiTests {
    @Test(arguments: Course.allCases)
    func `2: usage runs until the balance is 0`(course: Course) async throws {
        try await Scenario.play("workspace-api", from: "2026-03-10T12:00:00Z", course) { play in
            try play.step("buy 25") { world in
                try world.admin.createOrganisation("acme")
                try world.admin.grant("25", to: "acme")
                try world.expectBalance("25", of: "acme")
            } then: { world in
                try world.expectBalance("25", of: "acme")
            }
            for number in 1...3 {
                try play.step("use \(number) of 3") { world in
                    let input = number < 3 ? 4_000_000 : 2_000_000
                    let gateway = try world.gateway()
                    try gateway.authorize(org("acme"), model: "workspace-large", input: input)
                        .expectGranted()
                    let held = gateway.lastLine
                    let hold = try JSONValue(parsing: held)["hold"].text ?? ""
                    try gateway.report(
                        "r-\(number)",
                        org("acme"),
                        model: "workspace-large",
                        input: input,
                        more: #""hold":"\#(hold)""#
                    )
                } then: { world in
                    try world.expectBalance(["15", "5", "0"][number - 1], of: "acme")
                }
            }
            try play.step("at 0 the API stops") { world in
                try world.gateway().authorize(org("acme"), model: "workspace-small", input: 1)
                    .expectRefused(402, "insufficient_credits")
            } then: { world in
                try world.gateway().authorize(org("acme"), model: "workspace-small", input: 1)
                    .expectRefused(402, "insufficient_credits")
                try world.expectLedger(
                    [
                        BookLine("purchase", "25", "25"), BookLine("usage", "-10", "15"),
                        BookLine("usage", "-10", "5"), BookLine("usage", "-5", "0"),
                    ],
                    of: "acme"
                )
            }
            try play.world.expectGreenAudit()
        }
    }

    @Test(arguments: Course.allCases)
    func `3: two keys, one of them rotated`(course: Course) async throws {
        try await Scenario.play("workspace-api", from: "2026-03-10T12:00:00Z", course) { play in
            var production = ""
            var testing = ""
            var new = ""
            try play.step("two keys, each secret shown once") { world in
                try world.admin.createOrganisation("acme")
                try world.admin.grant("25", to: "acme")
                production = try world.admin.createKey("production", of: "acme")
                testing = try world.admin.createKey("testing", of: "acme")
            } then: { world in
                for secret in [production, testing] {
                    try expectGranted(secret, on: world.gateway())
                    try expectNowhere(secret, in: world)
                }
            }
            try play.step("production is rotated under an open connection") { world in
                let open = try world.gateway()
                try expectGranted(production, on: open)
                new = try world.admin.rotateKey("production", of: "acme")
                #expect(new != production)
                try expectInvalid(production, on: open)
                try expectGranted(new, on: open)
                try expectGranted(testing, on: open)
            } then: { world in
                let fresh = try world.newGateway()
                // On a connection that knew it before, what had run under it would be booked.
                let late = try fresh.report(
                    "late",
                    key(production),
                    model: "workspace-small",
                    input: 1
                )
                #expect(late["code"].text == "invalid_key")
                for gateway in [try world.gateway(), fresh] {
                    try expectInvalid(production, on: gateway)
                    try expectGranted(new, on: gateway)
                    try expectGranted(testing, on: gateway)
                }
                try expectNowhere(new, in: world)
            }
            try play.world.expectGreenAudit()
        }
    }

    private func expectGranted(_ secret: String, on gateway: Gateway) throws {
        let hold = try gateway.authorize(key(secret), model: "workspace-small", input: 1000)
        hold.expectGranted("0.0002")
        try gateway.release(hold)
    }

    private func expectInvalid(_ secret: String, on gateway: Gateway) throws {
        try gateway.authorize(key(secret), model: "workspace-small", input: 1000)
            .expectRefused(401, "invalid_key")
    }

    /// A secret is stored only as a hash, and not shown again.
    private func expectNowhere(_ secret: String, in world: ScenarioWorld) throws {
        try world.waitUntilStored()
        let kept = try world.database.count(
            "SELECT count(*) FROM keys k WHERE k::text LIKE '%\(secret)%' OR length(hash) <> 32"
        )
        #expect(kept == 0)
        for path in ["/v1/organisations/acme", "/v1/organisations/acme/keys"] {
            #expect(try world.admin.call("GET", path).text.contains(secret) == false)
        }
    }
}
