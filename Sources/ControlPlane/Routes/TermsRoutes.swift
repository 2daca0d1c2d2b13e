import Accounting
import Engine
import HTTPTypes
import Quantities

/// Plans, coupons, billing, adjustments and invoices.
enum TermsRoutes {
    static let all: [Route] = [
        .get("/v1/organisations/:name/plan", plan),
        Route(method: .put, path: "/v1/organisations/:name/plan", handle: setPlan),
        .get("/v1/organisations/:name/coupons", coupons),
        .post("/v1/organisations/:name/coupons", redeem),
        .get("/v1/organisations/:name/billing", billing),
        Route(method: .put, path: "/v1/organisations/:name/billing", handle: setBilling),
        .post("/v1/organisations/:name/adjustments", adjust),
        .get("/v1/organisations/:name/invoices", invoices),
    ]

    private static let starts = [
        (word: "now", value: PlanStart.now), (word: "period_end", value: PlanStart.periodEnd),
    ]
    private static let modes = BillingMode.allCases.map { (word: $0.word, value: $0) }

    private static let plan: @Sendable (Call) async throws -> Answer = { call in
        try call.refuseQuery()
        let info = try await call.administration.organisation(name: call.part("name"))
        return try .json(AccountPlanBody(info.terms))
    }

    private static let setPlan: @Sendable (Call) async throws -> Answer = { call in
        try call.refuseQuery()
        var fields = try call.fields()
        let plan = try fields.text("plan")
        let start = try fields.optionalChoice("at", starts) ?? .now
        try fields.refuseRest()
        let info = try await call.administration.setPlan(
            organisation: call.part("name"),
            plan: plan,
            start: start
        )
        return try .json(AccountPlanBody(info.terms))
    }

    private static let coupons: @Sendable (Call) async throws -> Answer = { call in
        try call.refuseQuery()
        let info = try await call.administration.organisation(name: call.part("name"))
        return try .json(CouponsBody(coupons: info.terms.coupons))
    }

    private static let redeem: @Sendable (Call) async throws -> Answer = { call in
        try call.refuseQuery()
        var fields = try call.fields()
        let code = try fields.text("code")
        try fields.refuseRest()
        let receipt = try await call.administration.redeemCoupon(
            organisation: call.part("name"),
            code: code
        )
        return try .json(GrantReceiptBody(receipt), status: .created)
    }

    private static let billing: @Sendable (Call) async throws -> Answer = { call in
        try call.refuseQuery()
        let info = try await call.administration.organisation(name: call.part("name"))
        return try .json(BillingBody(info.terms.billing))
    }

    private static let setBilling: @Sendable (Call) async throws -> Answer = { call in
        try call.refuseQuery()
        var fields = try call.fields()
        var request = BillingRequest(mode: try fields.choice("mode", modes))
        request.netDays = try fields.optionalWhole("net_days", in: 0...365).map { Int($0) }
        request.purchaseOrder = try fields.optionalText("purchase_order") ?? ""
        try fields.refuseRest()
        let info = try await call.administration.setBilling(
            organisation: call.part("name"),
            request: request
        )
        return try .json(BillingBody(info.terms.billing))
    }

    private static let adjust: @Sendable (Call) async throws -> Answer = { call in
        try call.refuseQuery()
        let key = try call.idempotencyKey()
        var fields = try call.fields()
        let request = AdjustmentRequest(
            amount: try fields.amount("amount"),
            actor: try fields.text("actor"),
            reason: try fields.text("reason"),
            idempotencyKey: key
        )
        try fields.refuseRest()
        let receipt = try await call.administration.adjust(
            organisation: call.part("name"),
            request: request
        )
        return try .json(AdjustmentBody(receipt), status: receipt.repeated ? .ok : .created)
    }

    private static let invoices: @Sendable (Call) async throws -> Answer = { call in
        var filters = try call.filters()
        let limit = Int(try filters.optionalWhole("limit", in: 1...1000) ?? 12)
        try filters.refuseRest()
        let invoices = try await call.administration.invoices(
            organisation: call.part("name"),
            limit: limit
        )
        return try .json(InvoicesBody(invoices: invoices.map { InvoiceBody($0) }))
    }
}
