import Engine
import Quantities

/// What was booked, and the proof of it.
enum LedgerRoutes {
    static let all: [Route] = [
        .get("/v1/organisations/:name/transactions", transactions),
        .get("/v1/organisations/:name/usage", usage),
        .post("/v1/audit", audit),
    ]

    private static let transactions: @Sendable (Call) async throws -> Answer = { call in
        var filters = try call.filters()
        var filter = TransactionFilter()
        filter.kind = try filters.optionalText("kind")
        filter.from = try filters.optionalTime("from")
        filter.to = try filters.optionalTime("to")
        filter.beforeLine = try before(&filters)
        filter.limit = try limit(&filters)
        try filters.refuseRest()
        let lines = try await call.administration.transactions(
            organisation: call.part("name"),
            filter: filter
        )
        let next = lines.count == filter.limit ? lines.last?.line : nil
        return try .json(
            TransactionsBody(
                transactions: lines.map { TransactionBody($0) },
                nextBefore: next == 1 ? nil : next
            )
        )
    }

    private static let usage: @Sendable (Call) async throws -> Answer = { call in
        var filters = try call.filters()
        var filter = UsageFilter()
        filter.key = try filters.optionalText("key")
        filter.project = try filters.optionalText("project")
        filter.session = try filters.optionalText("session")
        filter.model = try filters.optionalText("model")
        let words = [(word: "ok", value: false), (word: "error", value: true)]
        filter.failed = try filters.optionalChoice("status", words)
        filter.from = try filters.optionalTime("from")
        filter.to = try filters.optionalTime("to")
        filter.beforeLine = try before(&filters)
        filter.limit = try limit(&filters)
        try filters.refuseRest()
        let lines = try await call.administration.usage(
            organisation: call.part("name"),
            filter: filter
        )
        let next = lines.count == filter.limit ? lines.last?.line : nil
        return try .json(
            UsagePageBody(
                usage: lines.map { UsageBody($0) },
                nextBefore: next == 1 ? nil : next
            )
        )
    }

    private static let audit: @Sendable (Call) async throws -> Answer = { call in
        try call.refuseQuery()
        var fields = try call.fields()
        let organisation = try fields.optionalText("organisation")
        try fields.refuseRest()
        let report = try await call.administration.audit(organisation: organisation)
        return try .json(AuditBody(report))
    }

    private static func before(_ filters: inout FieldReader) throws -> UInt64? {
        try filters.optionalWhole("before", in: 1...Int64.max).map { UInt64($0) }
    }

    private static func limit(_ filters: inout FieldReader) throws -> Int {
        Int(try filters.optionalWhole("limit", in: 1...1000) ?? 50)
    }
}
