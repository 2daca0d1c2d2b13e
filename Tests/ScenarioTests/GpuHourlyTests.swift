import DaemonHarness
import ScenarioHarness
import Testing

/// gpu-hourly: a credit is a cent; a machine's first hour at its start, then each begun hour whole.
@Suite struct GpuHourlyTests {
    @Test(arguments: Course.allCases)
    func `2: ten hours begin in nine hours and five minutes`(course: Course) async throws {
        try await Scenario.play("gpu-hourly", from: "2026-03-01T10:00:00Z", course) { play in
            let fleet = Fleet(of: "acme")
            try play.step("GPU S starts at 10:00:00") { world in
                try world.admin.createOrganisation("acme")
                try world.admin.grant("2100", to: "acme")
                try fleet.ask("web", "gpu-s", in: world).expectGranted("60")
                try fleet.boot("web", "gpu-s", in: world)
            } then: { world in
                try world.expectBalance("2040", of: "acme")
            }
            let stops = [
                ("2026-03-01T10:59:00Z", "2040"), ("2026-03-01T11:00:00Z", "1980"),
                ("2026-03-01T15:30:00Z", "1740"), ("2026-03-01T19:00:00Z", "1500"),
            ]
            for (time, balance) in stops {
                try play.step("on to \(time)") { world in
                    try fleet.run(to: time, in: world)
                } then: { world in
                    try world.expectBalance(balance, of: "acme")
                }
            }
            try play.step("it stops at 19:05:00") { world in
                try fleet.run(to: "2026-03-01T19:05:00Z", halting: "web", in: world)
            } then: { world in
                try world.expectBalance("1500", of: "acme")
                let hours = (1...10).map { BookLine("machine", "-60", "\(2100 - $0 * 60)") }
                try world.expectLedger([BookLine("purchase", "2100", "2100")] + hours, of: "acme")
                let begins = try world.database.query(
                    "SELECT to_char(at AT TIME ZONE 'UTC', 'HH24:MI:SS.US') FROM ledger "
                        + "WHERE kind = 'machine' ORDER BY line"
                ).map { $0[0] }
                #expect(begins == (10...19).map { "\($0):00:00.000000" })
            }
            try play.step("nothing more is charged afterwards") { world in
                try world.move(to: "2026-03-02T19:05:00Z")
            } then: { world in
                try world.expectBalance("1500", of: "acme")
            }
            try play.world.expectGreenAudit()
        }
    }

    private static let names = (0..<10).map { "l\($0)" }

    @Test(arguments: Course.allCases)
    func `3 and 4: four of ten run, are stopped, and three resume`(course: Course) async throws {
        try await Scenario.play("gpu-hourly", from: "2026-03-01T20:00:00Z", course) { play in
            let fleet = Fleet(of: "acme")
            let running = Self.names.prefix(4)
            try play.step("3: ten ask at 20:00:00, and 1,500 carry four") { world in
                try world.admin.createOrganisation("acme")
                try world.admin.grant("1500", to: "acme")
                for name in Self.names {
                    let answer = try fleet.ask(name, "gpu-l-16bit", in: world)
                    if running.contains(name) {
                        answer.expectGranted("350")
                    } else {
                        answer.expectRefused(402, "insufficient_credits")
                    }
                }
                for name in running { try fleet.boot(name, "gpu-l-16bit", in: world) }
            } then: { world in
                try world.expectBalance("100", of: "acme")
            }
            try play.step("3: at 21:00:00 none can be renewed") { world in
                try fleet.run(to: "2026-03-01T21:00:00Z", in: world)
            } then: { world in
                try world.expectBalance("100", of: "acme")
                let orders = try fleet.orders(4, in: world)
                #expect(orders.map { $0["deployment"].text } == running.map { $0 })
                #expect(orders.allSatisfy { $0["action"].text == "stop" })
                #expect(orders.allSatisfy { $0["reason"].text == "insufficient_credits" })
            }
            try play.step("3: the machines are paused") { world in
                let orders = try fleet.orders(4, in: world)
                try fleet.carryOut(orders, in: world)
                try world.move(to: "2026-03-01T21:00:30Z")
                for name in running { try fleet.halt(name, in: world) }
            } then: { world in
                try world.expectBalance("100", of: "acme")
                let told = try world.admin.request("GET", "/v1/organisations/acme/orders")
                #expect(told["orders"].list.isEmpty)
                try fleet.ask("l9", "gpu-l-16bit", in: world)
                    .expectRefused(402, "insufficient_credits")
            }
            try play.step("4: 1,000 more carry three, the oldest first") { world in
                try world.move(to: "2026-03-01T22:15:00Z")
                try world.admin.grant("1000", to: "acme")
            } then: { world in
                let orders = try fleet.orders(3, in: world)
                #expect(orders.map { $0["deployment"].text } == ["l0", "l1", "l2"])
                #expect(orders.allSatisfy { $0["action"].text == "resume" })
                let told = try world.admin.request("GET", "/v1/organisations/acme/orders")
                #expect(told["orders"].list.count == 3)
            }
            try play.step("4: they run again") { world in
                for name in running.prefix(3) { try fleet.boot(name, "gpu-l-16bit", in: world) }
            } then: { world in
                try world.expectBalance("50", of: "acme")
                let told = try world.admin.request("GET", "/v1/organisations/acme/orders")
                #expect(told["orders"].list.isEmpty)
                let lines = [
                    BookLine("purchase", "1500", "1500"), BookLine("machine", "-350", "1150"),
                    BookLine("machine", "-350", "800"), BookLine("machine", "-350", "450"),
                    BookLine("machine", "-350", "100"), BookLine("purchase", "1000", "1100"),
                    BookLine("machine", "-350", "750"), BookLine("machine", "-350", "400"),
                    BookLine("machine", "-350", "50"),
                ]
                try world.expectLedger(lines, of: "acme")
            }
            try play.world.expectGreenAudit()
        }
    }
}
