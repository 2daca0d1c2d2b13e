import Engine
import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging

/// Turns whatever went wrong into an answer with a body that says so, and logs changes.
struct ProblemMiddleware<Context: RequestContext>: RouterMiddleware {
    /// The hosts that a request may name, or nil for any (on a Unix socket).
    let hosts: Set<String>?

    func handle(
        _ request: Request,
        context: Context,
        next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        do {
            try checkHost(request)
            let response = try await next(request, context)
            if request.method != .get, request.method != .head {
                log(request, context, status: response.status)
            }
            return response
        } catch {
            return answer(to: error, request, context)
        }
    }

    private func answer(
        to error: any Error,
        _ request: Request,
        _ context: Context
    ) -> Response {
        let problem = problem(for: error, request, context)
        if request.method != .get, request.method != .head {
            log(request, context, status: problem.status)
        }
        let body = ProblemBody(
            error: .init(code: problem.code, message: problem.message, field: problem.field)
        )
        do {
            var response = try Answer.json(body, status: problem.status).response
            if let allow = problem.allow { response.headers[.allow] = allow }
            return response
        } catch {
            context.logger.error("A problem's body cannot be written.", error: error)
            return Response(status: .internalServerError)
        }
    }

    private func problem(
        for error: any Error,
        _ request: Request,
        _ context: Context
    ) -> Problem {
        switch error {
        case let problem as Problem: return problem
        case let error as AdministrationError: return Problem(error)
        case let error as HTTPError where error.status == .notFound:
            return .noRoute(request.uri.path)
        default:
            context.logger.error(
                "A request failed by an unknown error.",
                error: error,
                metadata: ["method": "\(request.method)", "path": "\(request.uri.path)"]
            )
            return .bug
        }
    }

    private func checkHost(_ request: Request) throws {
        guard let hosts else { return }
        let host = Loopback.hostName(of: request.head.authority ?? "")
        guard hosts.contains(host) else {
            throw Problem(
                .forbidden,
                code: "foreign_host",
                message: "The header Host names \"\(host)\", which is not this machine.",
                field: "Host"
            )
        }
    }

    private func log(_ request: Request, _ context: Context, status: HTTPResponse.Status) {
        context.logger.info(
            "Answered an administrative call.",
            metadata: [
                "method": "\(request.method)",
                "path": "\(request.uri.path)",
                "status": "\(status.code)",
            ]
        )
    }
}
