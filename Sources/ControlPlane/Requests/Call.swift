import Engine
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdCore
import NIOCore

/// A request with its body, as a route sees it.
struct Call: Sendable {
    let administration: any Administration
    let parameters: Parameters
    let uri: URI
    let headers: HTTPFields
    let body: [UInt8]

    /// A part of the path, such as the organisation's name.
    func part(_ name: String) throws -> String {
        guard let value = parameters.get(name), !value.isEmpty else {
            throw Problem.invalid(name, "is missing in the path")
        }
        return value.removingPercent
    }

    /// The body's fields.
    func fields() throws -> FieldReader {
        try FieldReader(body: body)
    }

    /// The query's parameters.
    func filters() throws -> FieldReader {
        let pairs = (uri.query ?? "").split(separator: "&").map { pair in
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let value = parts.count > 1 ? String(parts[1]) : ""
            return (name: String(parts[0]).removingPercent, value: value.removingPercent)
        }
        return try FieldReader(query: pairs)
    }

    /// Refuses a query where there is nothing to filter.
    func refuseQuery() throws {
        try filters().refuseRest()
    }

    /// The `Idempotency-Key`, without which nothing that moves money is carried out.
    func idempotencyKey() throws -> String {
        let name = "Idempotency-Key"
        guard let field = HTTPField.Name(name), let key = headers[field], !key.isEmpty else {
            throw Problem(
                .badRequest,
                code: "idempotency_key_missing",
                message: "This call moves money and needs the header Idempotency-Key: a text of "
                    + "your choice, new for each new call and the same when one is repeated.",
                field: name
            )
        }
        let printable = key.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
        guard key.utf8.count <= 255, printable else {
            throw Problem.invalid(name, "must be 1 to 255 visible ASCII characters")
        }
        return key
    }
}

/// What a route answers.
struct Answer: Sendable {
    var status: HTTPResponse.Status
    var contentType: String
    var bytes: [UInt8]
    /// Writes a body whose length is not known when it begins, instead of `bytes`.
    var stream: Stream?

    /// Writes a body piece by piece with the function that it is given.
    typealias Stream = @Sendable (([UInt8]) async throws -> Void) async throws -> Void

    /// A body of any length.
    static func stream(type: String, _ stream: @escaping Stream) -> Answer {
        Answer(status: .ok, contentType: type, bytes: [], stream: stream)
    }

    /// A JSON body, with a line break at its end for people with a shell.
    static func json(
        _ body: some Encodable,
        status: HTTPResponse.Status = .ok
    ) throws -> Answer {
        Answer(
            status: status,
            contentType: "application/json",
            bytes: try ControlJSON.bytes(body) + [UInt8(ascii: "\n")]
        )
    }

    /// A text of some kind.
    static func text(_ text: String, type: String) -> Answer {
        Answer(status: .ok, contentType: type, bytes: Array(text.utf8))
    }

    var response: Response {
        if let stream {
            return Response(
                status: status,
                headers: [.contentType: contentType, .cacheControl: "no-store"],
                body: .init { writer in
                    try await stream { try await writer.write(ByteBuffer(bytes: $0)) }
                    try await writer.finish(nil)
                }
            )
        }
        var response = Response(
            status: status,
            headers: [.contentType: contentType, .cacheControl: "no-store"],
            body: .init(byteBuffer: ByteBuffer(bytes: bytes))
        )
        response.headers[.contentLength] = String(bytes.count)
        return response
    }
}

extension String {
    /// The text with percent escapes read; as it is where they make no UTF-8.
    ///
    /// A plus sign stays one, so that times such as `10:00:00+02:00` need no escaping.
    var removingPercent: String {
        removingPercentEncoding ?? self
    }
}
