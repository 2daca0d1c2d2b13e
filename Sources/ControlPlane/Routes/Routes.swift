import Engine
import HTTPTypes
import Hummingbird
import HummingbirdCore
import NIOCore

/// One method on one path.
struct Route: Sendable {
    let method: HTTPRequest.Method
    let path: String
    /// How many bytes a body may have, where it is more than elsewhere.
    var bodyBytes = 0
    let handle: @Sendable (Call) async throws -> Answer

    static func get(
        _ path: String,
        _ handle: @escaping @Sendable (Call) async throws -> Answer
    ) -> Route {
        Route(method: .get, path: path, handle: handle)
    }

    static func post(
        _ path: String,
        _ handle: @escaping @Sendable (Call) async throws -> Answer
    ) -> Route {
        Route(method: .post, path: path, handle: handle)
    }
}

/// All that the control plane answers.
enum Routes {
    static let all: [Route] =
        OrganisationRoutes.all + KeyRoutes.all + MoneyRoutes.all + LedgerRoutes.all
        + OperationRoutes.all + TermsRoutes.all + MachineRoutes.all + PurchaseRoutes.all
        + RefundRoutes.all + AlertRoutes.all + QuestionRoutes.all + RerateRoutes.all

    private static let methods: [HTTPRequest.Method] = [
        .get, .head, .post, .put, .delete, .patch, .options,
    ]

    /// Puts every route on the router; other methods on the same paths answer 405.
    static func install(
        on router: Router<BasicRequestContext>,
        administration: any Administration,
        maximumBodyBytes: Int
    ) {
        var taken: [String: [HTTPRequest.Method]] = [:]
        for route in all {
            taken[route.path, default: []].append(route.method)
            router.on(RouterPath(route.path), method: route.method) { request, context in
                let call = Call(
                    administration: administration,
                    parameters: context.parameters,
                    uri: request.uri,
                    headers: request.headers,
                    body: try await body(
                        of: request,
                        limit: max(maximumBodyBytes, route.bodyBytes)
                    )
                )
                return try await route.handle(call).response
            }
        }
        for (path, known) in taken {
            let allow = known.map(\.rawValue).sorted().joined(separator: ", ")
            for method in methods where !known.contains(method) {
                router.on(RouterPath(path), method: method) { _, _ -> Response in
                    throw Problem(
                        .methodNotAllowed,
                        code: "method_not_allowed",
                        message: "\(method.rawValue) is not taken here, only \(allow).",
                        allow: allow
                    )
                }
            }
        }
    }

    private static func body(of request: Request, limit: Int) async throws -> [UInt8] {
        if let length = request.headers[.contentLength].flatMap({ Int($0) }), length > limit {
            throw Problem.tooLarge(limit: limit)
        }
        var bytes: [UInt8] = []
        for try await part in request.body {
            guard bytes.count + part.readableBytes <= limit else {
                throw Problem.tooLarge(limit: limit)
            }
            bytes.append(contentsOf: part.readableBytesView)
        }
        try checkContentType(request.headers[.contentType], isEmpty: bytes.isEmpty)
        return bytes
    }

    /// A body must say that it is JSON: a page in a browser cannot do that across sites without
    /// asking first, which nobody answers here.
    private static func checkContentType(_ type: String?, isEmpty: Bool) throws {
        if isEmpty { return }
        let media = (type ?? "").prefix { $0 != ";" }.lowercased().filter { $0 != " " }
        guard media == "application/json" else {
            throw Problem(
                .unsupportedMediaType,
                code: "not_json",
                message: "A body must come with the header Content-Type: application/json.",
                field: "Content-Type"
            )
        }
    }
}
