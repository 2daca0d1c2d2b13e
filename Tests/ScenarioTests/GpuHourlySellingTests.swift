import DaemonHarness
import ScenarioHarness
import Testing

/// gpu-hourly: packs, a coupon once for each account, and auto-refill.
extension GpuHourlyTests {
    @Test(.enabled(if: Promised.purchases && Promised.coupons), arguments: Course.allCases)
    func `1: the $20 pack, and WELCOME once`(course: Course) async throws {
        try await Scenario.play("gpu-hourly", from: "2026-03-01T09:00:00Z", course) { play in
            try play.step("the $20 pack") { world in
                try world.admin.createOrganisation("acme")
                try world.buy(#""pack":"usd-20""#, payment: "pi-1")
            } then: { world in
                try world.expectBalance("2000", of: "acme")
            }
            try play.step("WELCOME") { world in
                let answer = try world.money("POST", "coupons", #"{"code":"WELCOME"}"#)
                #expect(answer.status == 201, "\(answer.text)")
            } then: { world in
                try world.expectBalance("2100", of: "acme")
            }
            try play.step("the second try is refused") { world in
                let answer = try world.money("POST", "coupons", #"{"code":"WELCOME"}"#)
                #expect(answer.status == 409)
                #expect(answer.code == "coupon_redeemed")
            } then: { world in
                let answer = try world.money("POST", "coupons", #"{"code":"WELCOME"}"#)
                #expect(answer.code == "coupon_redeemed")
                try world.expectGrants([("coupon", "100"), ("purchased", "2000")], of: "acme")
                try world.expectLedger(
                    [BookLine("purchase", "2000", "2000"), BookLine("coupon", "100", "2100")],
                    of: "acme"
                )
            }
            try play.world.expectGreenAudit()
        }
    }

    @Test(.enabled(if: Promised.topUps), arguments: Course.allCases)
    func `5: one refill below 500, and none at 500`(course: Course) async throws {
        try await Scenario.play("gpu-hourly", from: "2026-03-01T10:00:00Z", course) { play in
            let fleet = Fleet(of: "acme")
            try play.step("620 credits, and auto-refill") { world in
                try world.admin.createOrganisation("acme")
                try world.admin.grant("620", to: "acme")
                try world.setTopUp(#""threshold":"500","amount":"2000""#)
                try fleet.ask("web", "gpu-s", in: world).expectGranted("60")
                try fleet.boot("web", "gpu-s", in: world)
            } then: { world in
                try world.expectBalance("560", of: "acme")
                let open = try world.openPurchases()
                #expect(open.isEmpty)
            }
            try play.step("at 500 nothing is asked for") { world in
                try fleet.run(to: "2026-03-01T11:30:00Z", in: world)
            } then: { world in
                try world.expectBalance("500", of: "acme")
                let open = try world.openPurchases()
                #expect(open.isEmpty)
            }
            for (time, balance) in [
                ("2026-03-01T12:30:00Z", "440"), ("2026-03-01T13:30:00Z", "380"),
            ] {
                try play.step("below 500 one is, at \(balance)") { world in
                    try fleet.run(to: time, in: world)
                } then: { world in
                    try world.expectBalance(balance, of: "acme")
                    let open = try world.openPurchases()
                    #expect(open.map { $0["credits"].text } == ["2000"])
                    #expect(open.first?["automatic"].bool == true)
                }
            }
            try play.step("it is paid") { world in
                try world.confirm(payment: "pi-9")
            } then: { world in
                try world.expectBalance("2380", of: "acme")
                let open = try world.openPurchases()
                #expect(open.isEmpty)
            }
            try play.world.expectGreenAudit()
        }
    }
}
