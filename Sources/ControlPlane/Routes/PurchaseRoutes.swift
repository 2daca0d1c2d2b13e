import Accounting
import Engine
import HTTPTypes
import Quantities

/// Purchases, receipts and top-ups.
enum PurchaseRoutes {
    static let all: [Route] = [
        .post("/v1/organisations/:name/purchases", ask),
        .get("/v1/organisations/:name/purchases", list),
        .get("/v1/purchases", listOpen),
        .get("/v1/organisations/:name/purchases/:purchase", show),
        .post("/v1/organisations/:name/purchases/:purchase/confirm", confirm),
        .post("/v1/organisations/:name/purchases/:purchase/fail", fail),
        .get("/v1/organisations/:name/receipts", receipts),
        .get("/v1/organisations/:name/receipts/:receipt", receipt),
        .get("/v1/organisations/:name/topup", topUp),
        Route(method: .put, path: "/v1/organisations/:name/topup", handle: setTopUp),
        Route(method: .delete, path: "/v1/organisations/:name/topup", handle: stopTopUp),
    ]

    private static let states = Purchase.State.allCases.map { (word: $0.word, value: $0) }

    private static let ask: @Sendable (Call) async throws -> Answer = { call in
        try call.refuseQuery()
        var fields = try call.fields()
        var request = PurchaseRequest()
        request.pack = try fields.optionalText("pack")
        request.credits = try fields.optionalAmount("credits")
        request.payment = try fields.optionalText("payment")
        request.connector = try fields.optionalText("connector")
        try fields.refuseRest()
        // A payment is its own key: its name is unique.
        if request.payment == nil { request.idempotencyKey = try call.idempotencyKey() }
        let receipt = try await call.administration.purchase(
            organisation: call.part("name"),
            request: request
        )
        return try .json(PurchaseReceiptBody(receipt), status: receipt.repeated ? .ok : .created)
    }

    private static let confirm: @Sendable (Call) async throws -> Answer = { call in
        try call.refuseQuery()
        var fields = try call.fields()
        let payment = try fields.text("payment")
        try fields.refuseRest()
        let receipt = try await call.administration.confirmPurchase(
            organisation: call.part("name"),
            purchase: call.number("purchase"),
            payment: payment
        )
        return try .json(PurchaseReceiptBody(receipt))
    }

    private static let fail: @Sendable (Call) async throws -> Answer = { call in
        try call.refuseQuery()
        var fields = try call.fields()
        let reason = try fields.text("reason")
        try fields.refuseRest()
        let receipt = try await call.administration.failPurchase(
            organisation: call.part("name"),
            purchase: call.number("purchase"),
            reason: reason
        )
        return try .json(PurchaseReceiptBody(receipt))
    }

    private static let list: @Sendable (Call) async throws -> Answer = { call in
        var filters = try call.filters()
        let state = try filters.optionalChoice("state", states)
        return try await page(call, &filters, state)
    }

    /// Only what is open, which memory has: a list of all that was ever bought is a report's.
    private static let listOpen: @Sendable (Call) async throws -> Answer = { call in
        var filters = try call.filters()
        _ = try filters.optionalChoice("state", states.filter { $0.value == .open })
        let from = try filters.optionalTime("from")
        let limit = Int(try filters.optionalWhole("limit", in: 1...1000) ?? 50)
        try filters.refuseRest()
        let found = await call.administration.openPurchases(from: from, limit: limit)
        return try .json(OpenPurchasesBody(found))
    }

    private static let receipts: @Sendable (Call) async throws -> Answer = { call in
        var filters = try call.filters()
        return try await page(call, &filters, .confirmed)
    }

    private static func page(
        _ call: Call,
        _ filters: inout FieldReader,
        _ state: Purchase.State?
    ) async throws -> Answer {
        var filter = PurchaseFilter(state: state)
        let numbers = 1...Int64(UInt32.max)
        filter.before = try filters.optionalWhole("before", in: numbers).map { UInt32($0) }
        filter.limit = Int(try filters.optionalWhole("limit", in: 1...1000) ?? 50)
        try filters.refuseRest()
        let found = try await call.administration.purchases(
            organisation: call.part("name"),
            filter: filter
        )
        let next = found.count == filter.limit ? found.last?.purchase.number : nil
        return try .json(
            PurchasesBody(
                purchases: found.map { PurchaseBody($0) },
                nextBefore: next == 1 ? nil : next
            )
        )
    }

    private static let show: @Sendable (Call) async throws -> Answer = { call in
        try call.refuseQuery()
        let found = try await call.administration.purchase(
            organisation: call.part("name"),
            key: .number(call.number("purchase"))
        )
        return try .json(PurchaseBody(found))
    }

    private static let receipt: @Sendable (Call) async throws -> Answer = { call in
        try call.refuseQuery()
        let found = try await call.administration.purchase(
            organisation: call.part("name"),
            key: .receipt(call.number("receipt"))
        )
        return try .json(PurchaseBody(found))
    }

    // MARK: - Top-ups

    private static let topUp: @Sendable (Call) async throws -> Answer = { call in
        try call.refuseQuery()
        return try .json(
            TopUpBody(await call.administration.topUp(organisation: call.part("name")))
        )
    }

    private static let setTopUp: @Sendable (Call) async throws -> Answer = { call in
        try call.refuseQuery()
        var fields = try call.fields()
        var request = TopUpRequest()
        let states = [(word: "on", value: true), (word: "off", value: false)]
        request.on = try fields.optionalChoice("state", states) ?? true
        request.threshold = try fields.optionalAmount("threshold")
        request.pack = try fields.optionalText("pack")
        request.credits = try fields.optionalAmount("amount")
        request.monthlyLimit = try fields.optionalLimit("monthly_limit")
        request.connector = try fields.optionalText("connector")
        try fields.refuseRest()
        let info = try await call.administration.setTopUp(
            organisation: call.part("name"),
            request: request
        )
        return try .json(TopUpBody(info))
    }

    private static let stopTopUp: @Sendable (Call) async throws -> Answer = { call in
        try call.refuseQuery()
        try call.fields().refuseRest()
        let info = try await call.administration.setTopUp(
            organisation: call.part("name"),
            request: TopUpRequest(on: false)
        )
        return try .json(TopUpBody(info))
    }
}

extension Call {
    /// A number in the path, such as a purchase's.
    fileprivate func number(_ name: String) throws -> UInt32 {
        let text = try part(name)
        guard let number = UInt32(text), number > 0 else {
            throw Problem.invalid(name, "\(JSONTree.quoted(text)) is not a number from 1")
        }
        return number
    }
}

extension FieldReader {
    /// A decimal string that may be there.
    fileprivate mutating func optionalAmount(_ name: String) throws -> Amount? {
        contains(name) ? try amount(name) : nil
    }

    /// A decimal string, or `none`, that may be there.
    fileprivate mutating func optionalLimit(_ name: String) throws -> TopUpRequest.Limit? {
        guard let text = try optionalText(name) else { return nil }
        if text == "none" { return TopUpRequest.Limit.none }
        do throws(DecimalError) {
            return .amount(try Amount(decimal: text))
        } catch {
            throw Problem.invalid(name, "\(JSONTree.quoted(text)) \(error)")
        }
    }
}
