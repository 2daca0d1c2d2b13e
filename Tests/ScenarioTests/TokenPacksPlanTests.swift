import DaemonHarness
import ScenarioHarness
import Testing

/// token-packs: plan, packs, refunds, top-ups and the credits page.
extension TokenPacksTests {
    private static func use(_ tokens: Int, _ id: String, in world: ScenarioWorld) throws {
        try world.gateway().report(
            id,
            org("acme"),
            model: "any-model",
            input: tokens,
            more: #""project":"novel","session":"chapter-7""#
        )
    }

    @Test(
        .enabled(if: Promised.plans && Promised.purchases && Promised.refunds),
        arguments: Course.allCases
    )
    func `1 to 4: allowance, pack, a failed operation, and the month's turn`(
        course: Course
    ) async throws {
        try await Scenario.play("token-packs", from: "2026-03-01T00:00:00Z", course) { play in
            try play.step("1: plan team, and the Starter pack") { world in
                try world.admin.createOrganisation("acme")
                try world.admin.createProject("novel", of: "acme")
                try world.setPlan("team")
                try world.buy(#""pack":"starter""#, payment: "pi-1")
            } then: { world in
                try world.expectGrants([("plan", "100000"), ("purchased", "1000000")], of: "acme")
            }
            try play.step("2: 150,000 tokens in the month") { world in
                try world.move(to: "2026-03-20T15:00:00Z")
                try Self.use(130_000, "r-1", in: world)
                try Self.use(20_000, "r-2", in: world)
            } then: { world in
                try world.expectGrants([("purchased", "950000")], of: "acme")
                try world.waitUntilStored()
                let line = try #require(try world.admin.transactions("acme", "kind=usage").first)
                #expect(line["amount"].text == "-20000")
                #expect(line["project"].text == "novel")
                #expect(line["session"].text == "chapter-7")
                // 3: the refund looks the charge up in PostgreSQL.
                let refund = try world.money(
                    "POST",
                    "refunds",
                    #"{"request_id":"r-2","reason":"it failed","actor":"ann"}"#
                )
                #expect(refund.status == 201, "\(refund.text)")
            }
            try play.step("3: what failed is back where it came from") { _ in
            } then: { world in
                try world.expectGrants([("purchased", "970000")], of: "acme")
                try world.expectLedger(
                    endingWith: [BookLine("refund", "20000", "970000")],
                    of: "acme"
                )
            }
            try play.step("4: the month turns") { world in
                try world.move(to: "2026-04-01T00:00:00Z")
            } then: { world in
                try world.expectGrants([("plan", "100000"), ("purchased", "970000")], of: "acme")
            }
            try play.step("4: and again, whatever was left") { world in
                try Self.use(30_000, "r-3", in: world)
                try world.move(to: "2026-05-01T00:00:00Z")
            } then: { world in
                try world.expectGrants([("plan", "100000"), ("purchased", "970000")], of: "acme")
                try world.expectBalance("1070000", of: "acme")
            }
            try play.world.expectGreenAudit()
        }
    }

    @Test(.enabled(if: Promised.plans && Promised.purchases), arguments: Course.allCases)
    func `5: the free plan cannot buy`(course: Course) async throws {
        try await Scenario.play("token-packs", from: "2026-03-01T00:00:00Z", course) { play in
            try play.step("on free") { world in
                try world.admin.createOrganisation("acme")
                try world.setPlan("free")
                let answer = try world.money("POST", "purchases", #"{"pack":"starter"}"#)
                #expect(answer.status == 403)
                #expect(answer.code == "plan_required")
            } then: { world in
                let answer = try world.money("POST", "purchases", #"{"pack":"starter"}"#)
                #expect(answer.code == "plan_required")
                try world.expectGrants([("plan", "10000")], of: "acme")
            }
            try play.world.expectGreenAudit()
        }
    }

    @Test(.enabled(if: Promised.topUps), arguments: Course.allCases)
    func `6: five top-ups in a month, and the sixth is refused`(course: Course) async throws {
        try await Scenario.play("token-packs", from: "2026-03-01T00:00:00Z", course) { play in
            try play.step("200,000 tokens, and a top-up below them") { world in
                try world.admin.createOrganisation("acme")
                try world.admin.createProject("novel", of: "acme")
                try world.admin.grant("200000", to: "acme")
                try world.setTopUp(#""threshold":"200000","pack":"standard""#)
            } then: { world in
                let open = try world.openPurchases()
                #expect(open.isEmpty)
            }
            for number in 1...5 {
                try play.step("top-up \(number) of 5") { world in
                    try world.move(to: "2026-03-0\(number)T12:00:00Z")
                    try Self.use(number == 1 ? 1 : 2_500_000, "r-\(number)", in: world)
                    try world.confirm(payment: "pi-\(number)")
                } then: { world in
                    try world.expectBalance("2699999", of: "acme")
                    let asked = try world.topUp()["asked"].text
                    #expect(asked == "\(number * 10)")
                }
            }
            try play.step("the sixth is refused, and said") { world in
                try Self.use(2_500_000, "r-6", in: world)
            } then: { world in
                try world.expectBalance("199999", of: "acme")
                let open = try world.openPurchases()
                #expect(open.isEmpty)
                let isReached = try world.topUp()["limit_reached"].bool
                #expect(isReached == true)
                if Promised.alerts {
                    try world.waitUntilStored()
                    let path = "/v1/organisations/acme/alerts"
                    let alerts = try world.admin.request("GET", path)["alerts"].list
                    #expect(alerts.map { $0["kind"].text }.contains("topup_limit_reached"))
                }
            }
            try play.step("the next month begins anew") { world in
                try world.move(to: "2026-04-01T00:00:00Z")
            } then: { world in
                let open = try world.openPurchases()
                #expect(open.count == 1)
            }
            try play.world.expectGreenAudit()
        }
    }

    @Test(.enabled(if: Promised.credits), arguments: Course.allCases)
    func `7: balance and history by one call`(course: Course) async throws {
        try await Scenario.play("token-packs", from: "2026-03-01T00:00:00Z", course) { play in
            var secret = ""
            try play.step("a pack, and usage") { world in
                try world.admin.createOrganisation("acme")
                try world.admin.createProject("novel", of: "acme")
                secret = try world.admin.createKey("main", of: "acme")
                try world.admin.grant("1000000", to: "acme")
                try world.move(to: "2026-03-20T15:00:00Z")
                try Self.use(50_000, "r-1", in: world)
            } then: { world in
                try world.waitUntilStored()
                let answer = try world.admin.request(
                    "GET",
                    "/api/billing/credits",
                    headers: ["Authorization": "Bearer \(secret)"]
                )
                #expect(answer["balance"].text == "950000")
                let history = answer["history"].list
                #expect(history.map { $0["type"].text } == ["deduction", "purchase"])
                #expect(history.map { $0["amount"].text } == ["-50000", "1000000"])
                #expect(history.first?["time"].text == "2026-03-20T15:00:00Z")
                #expect(history.first?["resource"]["project"].text == "novel")
                #expect(history.first?["resource"]["session"].text == "chapter-7")
            }
            try play.world.expectGreenAudit()
        }
    }
}
