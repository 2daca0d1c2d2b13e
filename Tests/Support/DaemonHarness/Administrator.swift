import Glibc
import Synchronization

/// What the control plane answered.
package struct HTTPAnswer: Sendable, Equatable {
    /// The HTTP status.
    package var status: Int
    /// The head's lines.
    package var head: [String]
    /// The body as it came.
    package var text: String

    /// The body as JSON.
    ///
    /// - Throws: `HarnessError` when it is none.
    package func json() throws -> JSONValue { try JSONValue(parsing: text) }

    /// The code of the error that the body holds.
    package var code: String? { try? json()["error"]["code"].text }
}

/// Speaks HTTP/1.1 to the control socket, a connection for each call.
package struct Administrator: Sendable {
    private let path: String

    /// Prepares to speak.
    ///
    /// - Parameter path: The control socket's path.
    package init(path: String) {
        self.path = path
    }

    /// Calls a verb and gives whatever is answered.
    ///
    /// - Parameters:
    ///   - method: `GET`, `POST`, ...
    ///   - target: The path with its query.
    ///   - body: JSON, or nothing.
    ///   - headers: More headers.
    ///   - seconds: How long to wait for the answer.
    /// - Returns: The answer.
    /// - Throws: `HarnessError` when there is none.
    package func call(
        _ method: String,
        _ target: String,
        _ body: String = "",
        headers: [String: String] = [:],
        within seconds: Double = 10
    ) throws -> HTTPAnswer {
        let socket = try LocalSocket(path: path)
        var lines = [
            "\(method) \(target) HTTP/1.1", "Host: meterd", "Connection: close",
            "Content-Length: \(body.utf8.count)",
        ]
        if !body.isEmpty { lines.append("Content-Type: application/json") }
        for (name, value) in headers { lines.append("\(name): \(value)") }
        socket.send(Array((lines.joined(separator: "\r\n") + "\r\n\r\n" + body).utf8))
        let text = String(decoding: try socket.rest(within: seconds), as: UTF8.self)
        guard let end = text.firstRange(of: "\r\n\r\n") else {
            throw HarnessError("\(method) \(target): no answer: \(text)")
        }
        let head = text[..<end.lowerBound].split(separator: "\r\n").map { String($0) }
        let words = head.first?.split(separator: " ") ?? []
        guard words.count > 1, let status = Int(words[1]) else {
            throw HarnessError("\(method) \(target): no status: \(text)")
        }
        return HTTPAnswer(status: status, head: head, text: String(text[end.upperBound...]))
    }

    /// Calls a verb that must succeed.
    ///
    /// - Parameters:
    ///   - method: `GET`, `POST`, ...
    ///   - target: The path with its query.
    ///   - body: JSON, or nothing.
    ///   - headers: More headers.
    /// - Returns: The answer's body.
    /// - Throws: `HarnessError` for any status but 2xx.
    @discardableResult
    package func request(
        _ method: String,
        _ target: String,
        _ body: String = "",
        headers: [String: String] = [:]
    ) throws -> JSONValue {
        let answer = try call(method, target, body, headers: headers)
        guard (200..<300).contains(answer.status) else {
            throw HarnessError("\(method) \(target): \(answer.status) \(answer.text)")
        }
        return try answer.json()
    }
}

/// The verbs. Names are used as they are: tests choose such that need no escaping.
extension Administrator {
    private static let calls = Atomic<Int>(0)

    /// An idempotency key that was never used before.
    package static var newIdempotencyKey: String {
        "harness-\(getpid())-\(calls.add(1, ordering: .relaxed).newValue)"
    }

    /// Makes an organisation.
    @discardableResult
    package func createOrganisation(_ name: String, zone: String? = nil) throws -> JSONValue {
        let zone = zone.map { #","zone":"\#($0)""# } ?? ""
        return try request("POST", "/v1/organisations", #"{"name":"\#(name)"\#(zone)}"#)
    }

    /// All that memory knows of an organisation.
    package func organisation(_ name: String) throws -> JSONValue {
        try request("GET", "/v1/organisations/\(name)")
    }

    /// Makes a project.
    @discardableResult
    package func createProject(_ name: String, of organisation: String) throws -> JSONValue {
        try request("POST", "/v1/organisations/\(organisation)/projects", #"{"name":"\#(name)"}"#)
    }

    /// Makes a key, and gives its secret.
    package func createKey(
        _ name: String,
        of organisation: String,
        project: String? = nil
    ) throws -> String {
        let project = project.map { #","project":"\#($0)""# } ?? ""
        return try secret(
            "/v1/organisations/\(organisation)/keys",
            #"{"name":"\#(name)"\#(project)}"#
        )
    }

    /// Gives a key a new secret.
    package func rotateKey(_ name: String, of organisation: String) throws -> String {
        try secret("/v1/organisations/\(organisation)/keys/\(name)/rotate", "{}")
    }

    /// Ends a key.
    @discardableResult
    package func revokeKey(_ name: String, of organisation: String) throws -> JSONValue {
        try request("POST", "/v1/organisations/\(organisation)/keys/\(name)/revoke", "{}")
    }

    private func secret(_ target: String, _ body: String) throws -> String {
        let answer = try request("POST", target, body)
        guard let secret = answer["secret"].text else { throw HarnessError("no secret: \(answer)") }
        return secret
    }

    /// Grants credits; `more` holds further JSON fields, such as `"expires_at":"..."`.
    @discardableResult
    package func grant(
        _ amount: String,
        to organisation: String,
        class word: String = "purchased",
        key: String = newIdempotencyKey,
        more: String = ""
    ) throws -> JSONValue {
        let more = more.isEmpty ? "" : ",\(more)"
        return try request(
            "POST",
            "/v1/organisations/\(organisation)/grants",
            #"{"amount":"\#(amount)","class":"\#(word)"\#(more)}"#,
            headers: ["Idempotency-Key": key]
        )
    }

    /// Sets a cap; `scope` is `org`, `project` or `key`, the latter two with a name.
    @discardableResult
    package func setCap(
        _ amount: String,
        a period: String,
        of organisation: String,
        scope: String = "org",
        name: String? = nil
    ) throws -> JSONValue {
        let name = name.map { #","name":"\#($0)""# } ?? ""
        return try request(
            "PUT",
            "/v1/organisations/\(organisation)/caps",
            #"{"scope":"\#(scope)"\#(name),"period":"\#(period)","amount":"\#(amount)"}"#
        )
    }

    /// Takes a cap away.
    @discardableResult
    package func clearCap(
        a period: String,
        of organisation: String,
        scope: String = "org",
        name: String? = nil
    ) throws -> JSONValue {
        let name = name.map { "&name=\($0)" } ?? ""
        let query = "scope=\(scope)\(name)&period=\(period)"
        return try request("DELETE", "/v1/organisations/\(organisation)/caps?\(query)")
    }

    /// An organisation's wallet and spending.
    package func balance(_ organisation: String) throws -> JSONValue {
        try request("GET", "/v1/organisations/\(organisation)/balance")
    }

    /// A page of the ledger, newest line first.
    package func transactions(
        _ organisation: String,
        _ query: String = "limit=1000"
    ) throws
        -> [JSONValue]
    {
        try request("GET", "/v1/organisations/\(organisation)/transactions?\(query)")[
            "transactions"
        ].list
    }

    /// A page of the per-request log, newest first.
    package func usage(_ organisation: String, _ query: String = "limit=1000") throws -> [JSONValue]
    {
        try request("GET", "/v1/organisations/\(organisation)/usage?\(query)")["usage"].list
    }

    /// How the daemon is doing.
    package func status() throws -> JSONValue {
        try request("GET", "/v1/status")
    }

    /// Proves every chain.
    package func audit() throws -> JSONValue {
        try request("POST", "/v1/audit", "{}")
    }

    /// Closes an organisation.
    @discardableResult
    package func close(
        _ organisation: String,
        reason: String = "it asked for it"
    ) throws
        -> JSONValue
    {
        try request(
            "POST",
            "/v1/organisations/\(organisation)/close",
            #"{"reason":"\#(reason)"}"#,
            headers: ["Idempotency-Key": Self.newIdempotencyKey]
        )
    }

    /// Loads the rate card again.
    @discardableResult
    package func reloadRates() throws -> JSONValue {
        try request("POST", "/v1/rates/reload", "{}")
    }
}
