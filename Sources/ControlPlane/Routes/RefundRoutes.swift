import Engine
import HTTPTypes
import Quantities

/// What goes back: charges to wallets, and purchases out of them.
enum RefundRoutes {
    static let all: [Route] = [
        .post("/v1/organisations/:name/refunds", refund)
    ]

    private static let refund: @Sendable (Call) async throws -> Answer = { call in
        try call.refuseQuery()
        let key = try call.idempotencyKey()
        var fields = try call.fields()
        let target = try target(&fields)
        var request = RefundRequest(target: target, idempotencyKey: key)
        if fields.contains("amount") { request.amount = try fields.amount("amount") }
        request.reason = try fields.optionalText("reason") ?? ""
        request.actor = try fields.optionalText("actor") ?? ""
        if case .purchase = target {
            request.reference = try fields.optionalText("reference") ?? ""
        }
        try fields.refuseRest()
        if let amount = request.amount, !amount.isPositive {
            throw Problem.invalid("amount", "\"\(amount)\" must be above zero")
        }
        let receipt = try await call.administration.refund(
            organisation: call.part("name"),
            request: request
        )
        return try .json(RefundReceiptBody(receipt), status: receipt.repeated ? .ok : .created)
    }

    /// Exactly one of `line`, `request_id` and `grant`.
    private static func target(_ fields: inout FieldReader) throws -> RefundTarget {
        let names = ["line", "request_id", "grant"].filter { fields.contains($0) }
        guard let name = names.first else {
            throw Problem.invalid("line", "is missing: name line, request_id or grant")
        }
        guard names.count == 1 else {
            throw Problem.invalid(names[1], "cannot stand beside \(name)")
        }
        switch name {
        case "line":
            let line = try fields.optionalWhole("line", in: 1...Int64.max) ?? 0
            return .line(UInt64(line))
        case "grant":
            let grant = try fields.optionalWhole("grant", in: 1...Int64(UInt32.max)) ?? 0
            return .purchase(UInt32(grant))
        default:
            let id = try fields.text("request_id")
            guard (1...255).contains(id.utf8.count) else {
                throw Problem.invalid("request_id", "must be 1 to 255 bytes long")
            }
            return .request(id, try day(&fields))
        }
    }

    private static func day(_ fields: inout FieldReader) throws -> CivilDay? {
        guard let text = try fields.optionalText("day") else { return nil }
        guard text.utf8.count == 10, let time = Timestamp(rfc3339: (text + "T00:00:00Z").utf8)
        else {
            throw Problem.invalid(
                "day",
                "\(JSONTree.quoted(text)) is not a date such as 2026-03-01"
            )
        }
        return time.utcDay
    }
}
