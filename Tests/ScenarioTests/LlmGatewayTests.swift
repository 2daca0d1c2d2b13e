import DaemonHarness
import ScenarioHarness
import Testing

/// llm-gateway: a credit is a dollar of model spend; cache classes, a cliff, hard caps.
@Suite struct LlmGatewayTests {
    @Test(arguments: Course.allCases)
    func `1 to 3: what requests cost, and which are free`(course: Course) async throws {
        try await Scenario.play("llm-gateway", from: "2026-03-10T12:00:00Z", course) { play in
            try play.step("a wallet of 100") { world in
                try world.admin.createOrganisation("acme")
                try world.admin.grant("100", to: "acme")
            }
            try play.step("1: input of every cache class") { world in
                let caches =
                    #""cache_read_input_tokens":10000,"cache_write_input_tokens":1000"#
                try report(world, "a", input: 12_000, output: 500, more: caches)
            } then: { world in
                try world.expectBalance("99.98275", of: "acme")
            }
            try play.step("2: on the cliff, and one token above") { world in
                try report(world, "b", input: 200_000, output: 1000)
                try report(world, "c", input: 200_001, output: 1000)
            } then: { world in
                try world.expectBalance("98.145244", of: "acme")
            }
            try play.step("3: failures and cache hits are free, and logged") { world in
                try report(world, "d", input: 200_001, output: 1000, more: #""status":"error""#)
                try report(world, "e", input: 200_001, output: 1000, more: #""cache_hit":true"#)
            } then: { world in
                try world.expectBalance("98.145244", of: "acme")
                let log = try world.usage(of: "acme")
                #expect(log.map { $0["id"].text } == ["a", "b", "c", "d", "e"])
                #expect(
                    log.map { $0["charge"].text } == ["0.01725", "0.615", "1.222506", "0", "0"]
                )
                #expect(log.map { $0["status"].text } == ["ok", "ok", "ok", "error", "ok"])
                #expect(log.map { $0["cache_hit"].bool } == [false, false, false, false, true])
                try world.expectLedger(
                    [
                        BookLine("purchase", "100", "100"),
                        BookLine("usage", "-0.01725", "99.98275"),
                        BookLine("usage", "-0.615", "99.36775"),
                        BookLine("usage", "-1.222506", "98.145244"),
                        BookLine("usage", "0", "98.145244"),
                        BookLine("usage", "0", "98.145244"),
                    ],
                    of: "acme"
                )
            }
            try play.world.expectGreenAudit()
        }
    }

    private func report(
        _ world: ScenarioWorld,
        _ id: String,
        input: Int,
        output: Int,
        more: String = ""
    ) throws {
        let answer = try world.gateway().report(
            id,
            org("acme"),
            model: "claude-sonnet",
            input: input,
            output: output,
            more: more
        )
        #expect(answer["type"].text == "ack")
    }

    static let insufficient =
        #"{"error":{"message":"Insufficient credits. Current balance: 12 credits.","#
        + #""type":"insufficient_quota","code":"insufficient_credits"}}"#

    @Test(arguments: Course.allCases)
    func `4: a request beyond the balance never reaches the provider`(
        course: Course
    ) async throws {
        try await Scenario.play("llm-gateway", from: "2026-03-10T12:00:00Z", course) { play in
            try play.step("a wallet of 12") { world in
                try world.admin.createOrganisation("acme")
                try world.admin.grant("12", to: "acme")
            } then: { world in
                let gateway = try world.gateway()
                // 4,000,000 tokens cost 12 at the lower price, and more above the cliff.
                let answer = try gateway.authorize(
                    org("acme"),
                    model: "claude-sonnet",
                    input: 4_000_000
                )
                answer.expectRefused(402, "insufficient_credits")
                // To the letter, in the order that clients expect.
                let body = Self.insufficient.dropFirst().dropLast()
                #expect(gateway.lastLine.contains(body), "\(gateway.lastLine)")
            }
            try play.step("a refusal leaves no trace") { world in
                try world.gateway().authorize(org("acme"), model: "claude-haiku", input: 12_000_001)
                    .expectRefused(402, "insufficient_credits")
            } then: { world in
                try world.expectBalance("12", of: "acme")
                try world.expectLedger([BookLine("purchase", "12", "12")], of: "acme")
                let gateway = try world.gateway()
                let exact = try gateway.authorize(
                    org("acme"),
                    model: "claude-haiku",
                    input: 12_000_000
                )
                exact.expectGranted("12")
                try gateway.release(exact)
            }
            try play.world.expectGreenAudit()
        }
    }

    @Test(arguments: [
        (Course.straight, "UTC"), (.straight, "America/New_York"), (.straight, "Asia/Kolkata"),
        (.restarted, "America/New_York"), (.crashed, "Asia/Kolkata"),
    ])
    func `5: a hard cap by the month of the account's own zone`(
        course: Course,
        zone: String
    ) async throws {
        // The first moment of April there, in UTC.
        let (last, reset) =
            switch zone {
            case "America/New_York": ("2026-04-01T03:59:59.999999Z", "2026-04-01T04:00:00Z")
            case "Asia/Kolkata": ("2026-03-31T18:29:59.999999Z", "2026-03-31T18:30:00Z")
            default: ("2026-03-31T23:59:59.999999Z", "2026-04-01T00:00:00Z")
            }
        try await Scenario.play("llm-gateway", from: "2026-03-10T12:00:00Z", course) { play in
            try play.step("99.99 of 100 are spent, of a balance of 500") { world in
                try world.admin.createOrganisation("acme", zone: zone)
                try world.admin.grant("599.99", to: "acme")
                try world.admin.setCap("100", a: "month", of: "acme")
                // 1 credit a million.
                try world.gateway().report(
                    "before",
                    org("acme"),
                    model: "claude-haiku",
                    input: 99_990_000
                )
            } then: { world in
                try world.expectBalance("500", of: "acme")
                let gateway = try world.gateway()
                let refused = try gateway.authorize(
                    org("acme"),
                    model: "claude-haiku",
                    input: 20_000
                )
                refused.expectRefused(402, "spend_cap_exceeded")
                let body =
                    #""error":{"message":"Spend cap exceeded. Organisation cap: 100 credits a "#
                    + #"month, 99.99 used. Resets \#(reset).","type":"insufficient_quota","#
                    + #""code":"spend_cap_exceeded"}"#
                #expect(gateway.lastLine.contains(body), "\(gateway.lastLine)")
                #expect(refused["limit"]["spent"].text == "99.99")
                #expect(refused["limit"]["resets_at"].text == reset)
                let exact = try gateway.authorize(
                    org("acme"),
                    model: "claude-haiku",
                    input: 10_000
                )
                exact.expectGranted("0.01")
                try gateway.release(exact)
            }
            try play.step("at the month's last moment it is refused still") { world in
                try world.move(to: last)
                try world.gateway().authorize(org("acme"), model: "claude-haiku", input: 20_000)
                    .expectRefused(402, "spend_cap_exceeded")
            }
            try play.step("on the first of the next month it passes again") { world in
                try world.move(to: reset)
                let gateway = try world.gateway()
                let granted = try gateway.authorize(
                    org("acme"),
                    model: "claude-haiku",
                    input: 20_000
                )
                granted.expectGranted("0.02")
                try gateway.release(granted)
            } then: { world in
                let spend = try world.admin.balance("acme")["spend"]
                #expect(spend["month"].text == "0")
                #expect(spend["total"].text == "99.99")
            }
            try play.world.expectGreenAudit()
        }
    }
}
