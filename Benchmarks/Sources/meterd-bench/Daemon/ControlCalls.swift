import Foundation

/// Speaks HTTP/1.1 to the control socket, just enough for a load tool.
///
/// Each call has a connection of its own: between two of them a round may take minutes, after which
/// the server would have closed an idle one.
struct ControlCalls: Sendable {
    let path: String

    /// Sends a request and returns the answer's body.
    ///
    /// - Throws: `BenchError` when the answer is not a success.
    func call(
        _ method: String,
        _ path: String,
        body: String? = nil,
        idempotencyKey: String? = nil
    ) throws -> String {
        var request = "\(method) \(path) HTTP/1.1\r\nHost: localhost\r\n"
        if let idempotencyKey { request += "Idempotency-Key: \(idempotencyKey)\r\n" }
        if let body {
            request += "Content-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n"
        }
        request += "\r\n" + (body ?? "")
        let socket = try Socket(path: self.path)
        try Array(request.utf8).withUnsafeBytes { try socket.sendAll($0) }
        let (status, text) = try ControlCalls.answer(on: socket)
        guard (200..<300).contains(status) else {
            throw BenchError("\(method) \(path): \(status) \(text)")
        }
        return text
    }

    private static func answer(on socket: Socket) throws -> (status: Int, body: String) {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = try chunk.withUnsafeMutableBytes { try socket.receive($0) }
            guard count > 0 else { throw BenchError("the control socket was closed") }
            bytes.append(contentsOf: chunk[..<count])
            let text = String(decoding: bytes, as: UTF8.self)
            guard let end = text.range(of: "\r\n\r\n") else { continue }
            let head = text[..<end.lowerBound].split(separator: "\r\n")
            let words = head.first?.split(separator: " ") ?? []
            let length = head.compactMap { line -> Int? in
                let pair = line.split(separator: ":", maxSplits: 1)
                guard pair.count == 2, pair[0].lowercased() == "content-length" else { return nil }
                return Int(pair[1].trimmingCharacters(in: .whitespaces))
            }.first
            guard words.count > 1, let status = Int(words[1]), let length else {
                throw BenchError("an answer without status or Content-Length: \(head)")
            }
            let body = text[end.upperBound...]
            if body.utf8.count >= length { return (status, String(body)) }
        }
    }
}

/// What the control plane tells about the daemon.
struct DaemonStatus: Decodable, Sendable {
    struct Positions: Decodable, Sendable {
        var journaled: UInt64
        var stored: UInt64
    }

    struct Journal: Decodable, Sendable {
        var synced: UInt64
        var stored: UInt64
        /// Not told by every version.
        var syncs: UInt64?
    }

    var positions: Positions
    var journal: Journal
    var ready: Bool
    var troubles: [String]
    var rejected: UInt64
    var postgresConnected: Bool

    init(of control: ControlCalls) throws {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let body = try control.call("GET", "/v1/status")
        self = try decoder.decode(DaemonStatus.self, from: Data(body.utf8))
    }
}
