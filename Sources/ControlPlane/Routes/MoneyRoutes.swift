import Accounting
import Engine
import HTTPTypes
import Quantities

/// Grants and spend caps.
enum MoneyRoutes {
    static let all: [Route] = [
        .post("/v1/organisations/:name/grants", grant),
        .get("/v1/organisations/:name/grants", grants),
        .get("/v1/organisations/:name/caps", caps),
        Route(method: .put, path: "/v1/organisations/:name/caps", handle: setCap),
        Route(method: .delete, path: "/v1/organisations/:name/caps", handle: clearCap),
    ]

    private static let classes = GrantClass.allCases.map { (word: $0.word, value: $0) }
    private static let periods = CapPeriod.allCases.map { (word: $0.word, value: $0) }

    private static let grant: @Sendable (Call) async throws -> Answer = { call in
        try call.refuseQuery()
        let key = try call.idempotencyKey()
        var fields = try call.fields()
        var request = GrantRequest(
            amount: try fields.amount("amount"),
            grantClass: try fields.choice("class", classes),
            idempotencyKey: key
        )
        request.effectiveAt = try fields.optionalTime("effective_at")
        request.expiresAt = try fields.optionalTime("expires_at")
        let priorities = Int64(Int32.min)...Int64(Int32.max)
        request.priority = try fields.optionalWhole("priority", in: priorities).map { Int32($0) }
        request.reference = try fields.optionalText("reference") ?? ""
        request.note = try fields.optionalText("note") ?? ""
        try fields.refuseRest()
        guard request.amount.isPositive else {
            throw Problem.invalid("amount", "\"\(request.amount)\" must be above zero")
        }
        let receipt = try await call.administration.grant(
            organisation: call.part("name"),
            request: request
        )
        return try .json(GrantReceiptBody(receipt), status: receipt.repeated ? .ok : .created)
    }

    private static let grants: @Sendable (Call) async throws -> Answer = { call in
        try call.refuseQuery()
        let info = try await call.administration.organisation(name: call.part("name"))
        return try .json(GrantsBody(grants: info.grants.map { GrantBody($0) }))
    }

    private static let caps: @Sendable (Call) async throws -> Answer = { call in
        try call.refuseQuery()
        let info = try await call.administration.organisation(name: call.part("name"))
        return try .json(CapsBody(caps: info.caps.map { CapBody($0) }))
    }

    private static let setCap: @Sendable (Call) async throws -> Answer = { call in
        try call.refuseQuery()
        var fields = try call.fields()
        let target = try target(&fields)
        let period = try fields.choice("period", periods)
        let amount = try fields.amount("amount")
        try fields.refuseRest()
        guard !amount.isNegative else {
            throw Problem.invalid("amount", "\"\(amount)\" must not be below zero")
        }
        return try await change(call, target: target, period: period, amount: amount)
    }

    private static let clearCap: @Sendable (Call) async throws -> Answer = { call in
        try call.fields().refuseRest()
        var filters = try call.filters()
        let target = try target(&filters)
        let period = try filters.choice("period", periods)
        try filters.refuseRest()
        return try await change(call, target: target, period: period, amount: nil)
    }

    private static func change(
        _ call: Call,
        target: CapTarget,
        period: CapPeriod,
        amount: Amount?
    ) async throws -> Answer {
        let info = try await call.administration.setCap(
            organisation: call.part("name"),
            target: target,
            period: period,
            amount: amount
        )
        return try .json(CapsBody(caps: info.caps.map { CapBody($0) }))
    }

    private static func target(_ fields: inout FieldReader) throws -> CapTarget {
        let scopes = [
            (word: "org", value: Scope.organisation), (word: "project", value: .project),
            (word: "key", value: .key),
        ]
        switch try fields.choice("scope", scopes) {
        case .organisation:
            if let name = try fields.optionalText("name") {
                throw Problem.invalid("name", "\"\(name)\" is not needed with the scope org")
            }
            return .organisation
        case .project: return .project(try fields.text("name"))
        case .key: return .key(try fields.text("name"))
        }
    }
}
