import Engine
import HTTPTypes
import Quantities

/// Corrections of what has happened.
enum RerateRoutes {
    /// A price list of all models there are has some two megabytes as a rate card.
    private static let cardBytes = 8 * 1024 * 1024

    static let all: [Route] = [
        Route(method: .post, path: "/v1/rerates/preview", bodyBytes: cardBytes, handle: preview),
        Route(method: .post, path: "/v1/rerates", bodyBytes: cardBytes, handle: apply),
        .get("/v1/rerates", list),
        .get("/v1/rerates/progress", progress),
        .post("/v1/rerates/:id/undo", undo),
    ]

    private static let preview: @Sendable (Call) async throws -> Answer = { call in
        try await rerate(call, id: nil)
    }

    private static let apply: @Sendable (Call) async throws -> Answer = { call in
        do {
            return try await rerate(call, id: try call.idempotencyKey())
        } catch AdministrationError.invalid(field: "id", message: let message) {
            // The name came in that header.
            throw AdministrationError.invalid(field: "Idempotency-Key", message: message)
        }
    }

    private static func rerate(_ call: Call, id: String?) async throws -> Answer {
        try call.refuseQuery()
        var fields = try call.fields()
        let from = try time("from", &fields)
        let to = try time("to", &fields)
        let organisation = try fields.optionalText("organisation")
        let card = try fields.text("card")
        try fields.refuseRest()
        let report = try await call.administration.rerate(
            RerateRequest(id: id, from: from, to: to, organisation: organisation, card: card)
        )
        return try .json(RerateReportBody(report))
    }

    private static func time(_ name: String, _ fields: inout FieldReader) throws -> Timestamp {
        guard let time = try fields.optionalTime(name) else {
            throw Problem.invalid(name, "is missing")
        }
        return time
    }

    private static let list: @Sendable (Call) async throws -> Answer = { call in
        try call.refuseQuery()
        let all = try await call.administration.rerates()
        return try .json(ReratesBody(rerates: all.map { RerateBody($0) }))
    }

    private static let progress: @Sendable (Call) async throws -> Answer = { call in
        try call.refuseQuery()
        return try .json(RerateProgressBody(call.administration.rerateProgress()))
    }

    private static let undo: @Sendable (Call) async throws -> Answer = { call in
        try call.refuseQuery()
        _ = try call.idempotencyKey()
        try call.fields().refuseRest()
        let report = try await call.administration.undoRerate(try call.part("id"))
        return try .json(RerateReportBody(report))
    }
}
