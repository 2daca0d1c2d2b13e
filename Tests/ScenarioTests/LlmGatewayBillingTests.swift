import DaemonHarness
import ScenarioHarness
import Testing

/// llm-gateway: included credits, invoices, and auto-reload.
extension LlmGatewayTests {
    @Test(.enabled(if: Promised.plans), arguments: Course.allCases)
    func `6: builder's credits come once when a period starts, and stay`(
        course: Course
    ) async throws {
        try await Scenario.play("llm-gateway", from: "2026-03-01T00:00:00Z", course) { play in
            try play.step("on builder from the first of March") { world in
                try world.admin.createOrganisation("acme")
                try world.setPlan("builder")
            } then: { world in
                try world.expectLedger([BookLine("plan_grant", "20", "20")], of: "acme")
            }
            for day in ["2026-03-01T00:00:01Z", "2026-03-15T12:00:00Z", "2026-03-31T23:59:59Z"] {
                try play.step("the job runs again at \(day)") { world in
                    try world.move(to: day)
                    try world.setPlan("builder")
                } then: { world in
                    try world.expectLedger([BookLine("plan_grant", "20", "20")], of: "acme")
                }
            }
            try play.step("the next period") { world in
                try world.move(to: "2026-04-01T00:00:00Z")
            } then: { world in
                try world.expectLedger(
                    [BookLine("plan_grant", "20", "20"), BookLine("plan_grant", "20", "40")],
                    of: "acme"
                )
            }
            try play.world.expectGreenAudit()
        }
    }

    @Test(.enabled(if: Promised.billing), arguments: Course.allCases)
    func `7: an invoice for the month, equal to its debits`(course: Course) async throws {
        try await Scenario.play("llm-gateway", from: "2026-03-01T00:00:00Z", course) { play in
            try play.step("billed by invoice, with a cap") { world in
                try world.admin.createOrganisation("acme")
                try world.admin.request(
                    "PUT",
                    "/v1/organisations/acme/billing",
                    #"{"mode":"invoice","purchase_order":"PO-4711"}"#
                )
                try world.admin.setCap("2", a: "month", of: "acme")
            }
            try play.step("the balance is not checked") { world in
                try world.move(to: "2026-03-10T12:00:00Z")
                let gateway = try world.gateway()
                let hold = try gateway.authorize(
                    org("acme"),
                    model: "claude-sonnet",
                    input: 200_000,
                    output: 1000
                )
                hold.expectGranted("0.615")
                try gateway.report(
                    "r-1",
                    org("acme"),
                    model: "claude-sonnet",
                    input: 200_000,
                    output: 1000,
                    more: #""hold":"\#(hold["hold"].text ?? "")""#
                )
                try gateway.report("r-2", org("acme"), model: "claude-haiku", input: 1_000_001)
            } then: { world in
                try world.expectBalance("-1.615001", of: "acme")
                try world.gateway().authorize(org("acme"), model: "claude-haiku", input: 384_999)
                    .expectGranted("0.384999")
            }
            try play.step("the cap is") { world in
                try world.gateway().authorize(org("acme"), model: "claude-haiku", input: 400_000)
                    .expectRefused(402, "spend_cap_exceeded")
            }
            try play.step("the month ends") { world in
                try world.move(to: "2026-04-01T00:00:00Z")
            } then: { world in
                try world.waitUntilStored()
                let path = "/v1/organisations/acme/invoices"
                let invoices = try world.admin.request("GET", path)["invoices"].list
                #expect(invoices.count == 1)
                let invoice = try #require(invoices.first)
                #expect(invoice["total"].text == "1.615001")
                #expect(invoice["purchase_order"].text == "PO-4711")
                #expect(invoice["issued_on"].text == "2026-04-01")
                #expect(invoice["due_on"].text == "2026-05-01")
                let lines = invoice["lines"].list.map {
                    "\($0["name"].text ?? "") \($0["amount"].text ?? "")"
                }
                #expect(lines.sorted() == ["claude-haiku 1.000001", "claude-sonnet 0.615"])
                let debits = try world.database.value(
                    "SELECT trim_scale(-sum(amount)) FROM usage_lines"
                )
                #expect(debits == "1.615001")
            }
            try play.world.expectGreenAudit()
        }
    }

    @Test(.enabled(if: Promised.topUps), arguments: Course.allCases)
    func `8: auto-reload below 5, one at a time, and back-off`(course: Course) async throws {
        try await Scenario.play("llm-gateway", from: "2026-03-10T12:00:00Z", course) { play in
            try play.step("6 credits, threshold 5, amount 50") { world in
                try world.admin.createOrganisation("acme")
                try world.admin.grant("6", to: "acme")
                try world.setTopUp(#""threshold":"5","pack":"usd-50""#)
                try world.gateway()
                    .report("r-1", org("acme"), model: "claude-haiku", input: 1_000_000)
            } then: { world in
                try world.expectBalance("5", of: "acme")
                let open = try world.openPurchases()
                #expect(open.isEmpty)
            }
            for (id, balance) in [("r-2", "4.999999"), ("r-3", "4.999998")] {
                try play.step("one at 4.999999, no second: \(id)") { world in
                    try world.gateway().report(id, org("acme"), model: "claude-haiku", input: 1)
                } then: { world in
                    try world.expectBalance(balance, of: "acme")
                    let open = try world.openPurchases()
                    #expect(open.map { $0["credits"].text } == ["50"])
                }
            }
            var retry = ""
            try play.step("it fails, and the wallet waits and says so") { world in
                try world.fail("card declined")
                try world.gateway().report("r-4", org("acme"), model: "claude-haiku", input: 1)
            } then: { world in
                let open = try world.openPurchases()
                #expect(open.isEmpty)
                let state = try world.topUp()
                #expect(state["failures"].int == 1)
                retry = try #require(state["retry_at"].text)
            }
            try play.step("when the wait is over it is asked for again") { world in
                try world.move(to: retry)
            } then: { world in
                let open = try world.openPurchases()
                #expect(open.count == 1)
            }
            try play.step("it is paid") { world in
                try world.confirm(payment: "pi-2")
            } then: { world in
                try world.expectBalance("54.999997", of: "acme")
                let failures = try world.topUp()["failures"].int
                #expect(failures == 0)
            }
            try play.world.expectGreenAudit()
        }
    }
}
