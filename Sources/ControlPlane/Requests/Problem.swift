import Engine
import HTTPTypes

/// Why a request was not carried out: what becomes the answer's status and body.
struct Problem: Error, Sendable, Equatable {
    /// The HTTP status.
    var status: HTTPResponse.Status
    /// A word for programs.
    var code: String
    /// A sentence for people that names the value and the next step.
    var message: String
    /// The field, query parameter or header that is wrong, where one is.
    var field: String?
    /// For 405: what the path does take.
    var allow: String?

    init(
        _ status: HTTPResponse.Status,
        code: String,
        message: String,
        field: String? = nil,
        allow: String? = nil
    ) {
        self.status = status
        self.code = code
        self.message = message
        self.field = field
        self.allow = allow
    }

    /// A field with a value that cannot be.
    static func invalid(_ field: String, _ message: String) -> Problem {
        Problem(.badRequest, code: "invalid", message: "\(field): \(message)", field: field)
    }

    /// The body as a whole is no JSON object.
    static func malformed(_ message: String) -> Problem {
        Problem(.badRequest, code: "malformed", message: message)
    }

    /// There is nothing at this path.
    static func noRoute(_ path: String) -> Problem {
        Problem(.notFound, code: "no_route", message: "There is no route \"\(path)\".")
    }

    /// More bytes than a request may carry.
    static func tooLarge(limit: Int) -> Problem {
        Problem(
            .contentTooLarge,
            code: "too_large",
            message: "A request's body is at most \(limit) bytes."
        )
    }

    /// A bug: what it was is in the log, not in the answer.
    static var bug: Problem {
        Problem(
            .internalServerError,
            code: "internal",
            message: "meterd met an error that it does not know; its log says more."
        )
    }

    /// What the engine said.
    init(_ error: AdministrationError) {
        let status: HTTPResponse.Status =
            switch error {
            case .invalid: .badRequest
            case .notFound: .notFound
            case .exists, .idempotencyConflict: .conflict
            case .notRefundable: .conflict
            case .accountClosed: .forbidden
            case .planRequired: .forbidden
            case .couponRedeemed: .conflict
            case .overloaded, .unavailable: .serviceUnavailable
            case .refused: .forbidden
            case .paymentUsed, .purchaseSettled: .conflict
            }
        var field: String?
        if case .invalid(let name, _) = error { field = name }
        self.init(status, code: error.code, message: error.description, field: field)
    }
}
