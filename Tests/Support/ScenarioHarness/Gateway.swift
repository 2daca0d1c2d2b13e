import DaemonHarness

/// A gateway that speaks JSON lines by hand, so that no library stands between test and daemon.
package final class Gateway {
    private let socket: LocalSocket
    private var others: [JSONValue] = []
    private var requests = 0
    /// The last line that was an answer, as it came.
    package private(set) var lastLine = ""

    init(path: String) throws {
        socket = try LocalSocket(path: path)
    }

    /// Sends a line.
    package func send(_ line: String) {
        socket.send(line: line)
    }

    /// The next message of one of these types; the others are kept for later.
    package func next(_ types: String..., within seconds: Double = 20) throws -> JSONValue {
        if let index = others.firstIndex(where: { types.contains($0["type"].text ?? "") }) {
            return others.remove(at: index)
        }
        let deadline = HarnessClock.seconds + seconds
        while let line = socket.line(within: deadline - HarnessClock.seconds) {
            let message = try JSONValue(parsing: line)
            if types.contains(message["type"].text ?? "") {
                lastLine = line
                return message
            }
            if message["type"].text == "error" { throw HarnessError("closed: \(line)") }
            others.append(message)
        }
        throw HarnessError("none of \(types) came; \(others) did")
    }

    /// What has come of these types by the time the daemon has answered everything sent before.
    package func heard(_ types: String...) throws -> [JSONValue] {
        send(#"{"type":"ping"}"#)
        _ = try next("pong")
        let found = others.filter { types.contains($0["type"].text ?? "") }
        others.removeAll { types.contains($0["type"].text ?? "") }
        return found
    }

    /// Introduces itself, and gives the sequence to resume after.
    @discardableResult
    package func hello(_ producer: String) throws -> Int {
        send(#"{"type":"hello","protocol":1,"producer":"\#(producer)"}"#)
        guard let last = try next("welcome")["last_sequence"].int else {
            throw HarnessError("a welcome without last_sequence")
        }
        return last
    }

    /// Reports usage, and gives the answer.
    ///
    /// - Parameters:
    ///   - id: The request's own id.
    ///   - account: `"org":"..."` or `"key":"..."`.
    ///   - model: The model.
    ///   - input: All input tokens.
    ///   - output: All output tokens.
    ///   - more: Further JSON fields.
    /// - Returns: The `ack` or `rejected`.
    /// - Throws: `HarnessError` when none comes.
    @discardableResult
    package func report(
        _ id: String,
        _ account: String,
        model: String,
        input: Int,
        output: Int = 0,
        more: String = ""
    ) throws -> JSONValue {
        let more = more.isEmpty ? "" : ",\(more)"
        send(
            #"{"type":"usage","id":"\#(id)",\#(account),"model":"\#(model)","#
                + #""input_tokens":\#(input),"output_tokens":\#(output)\#(more)}"#
        )
        return try next("ack", "rejected")
    }

    /// Asks whether a request may run, and gives the answer.
    ///
    /// - Parameters:
    ///   - account: `"org":"..."` or `"key":"..."`.
    ///   - model: The model.
    ///   - input: The most input tokens.
    ///   - output: The most output tokens.
    ///   - more: Further JSON fields.
    /// - Returns: The `granted`, `refused` or `rejected`.
    /// - Throws: `HarnessError` when none comes.
    package func authorize(
        _ account: String,
        model: String,
        input: Int,
        output: Int = 0,
        more: String = ""
    ) throws -> JSONValue {
        requests += 1
        let more = more.isEmpty ? "" : ",\(more)"
        send(
            #"{"type":"authorize","request":"r-\#(requests)",\#(account),"model":"\#(model)","#
                + #""max_input_tokens":\#(input),"max_output_tokens":\#(output)\#(more)}"#
        )
        return try next("granted", "refused", "rejected")
    }

    /// Gives a hold back.
    package func release(_ hold: JSONValue) throws {
        guard let number = hold["hold"].text else { throw HarnessError("no hold: \(hold)") }
        send(#"{"type":"release","hold":"\#(number)"}"#)
        _ = try next("released")
    }
}

/// An account by an organisation's name, as messages have it.
package func org(_ name: String) -> String { #""org":"\#(name)""# }

/// An account by a key's secret, as messages have it.
package func key(_ secret: String) -> String { #""key":"\#(secret)""# }
