import DaemonHarness
import Quantities

/// A client that speaks JSON lines by hand, so that no library stands between test and daemon.
final class LineClient {
    let socket: LocalSocket
    /// What came while something else was waited for.
    private(set) var others: [JSONValue] = []
    private var requests = 0

    init(_ daemon: TestDaemon) throws {
        socket = try LocalSocket(path: daemon.dataPath)
    }

    func send(_ line: String) {
        socket.send(line: line)
    }

    /// The next message of one of these types; the others are kept aside.
    func next(_ types: String..., within seconds: Double = 8) throws -> JSONValue {
        let deadline = HarnessClock.seconds + seconds
        if let index = others.firstIndex(where: { types.contains($0["type"].text ?? "") }) {
            return others.remove(at: index)
        }
        while true {
            let message = try socket.answer(within: deadline - HarnessClock.seconds)
            if types.contains(message["type"].text ?? "") { return message }
            if message["type"].text == "error" { throw HarnessError("closed: \(message)") }
            others.append(message)
        }
    }

    /// Introduces itself, and gives the sequence to resume after.
    @discardableResult
    func hello(_ producer: String, durability: String = "journaled") throws -> Int {
        send(
            #"{"type":"hello","protocol":1,"producer":"\#(producer)","#
                + #""durability":"\#(durability)"}"#
        )
        guard let last = try next("welcome")["last_sequence"].int else {
            throw HarnessError("a welcome without last_sequence")
        }
        return last
    }

    /// Waits for the ack that covers a sequence.
    func waitForAck(_ sequence: Int) throws {
        while true {
            guard let safe = try next("ack")["sequence"].int else { continue }
            if safe >= sequence { return }
        }
    }

    /// Reports usage without a sequence, and gives the answer.
    func report(_ usage: Usage) throws -> JSONValue {
        send(usage.line)
        return try next("ack", "rejected")
    }

    /// Asks whether a request may run.
    func authorize(
        _ account: String,
        model: String = "plain",
        input: Int,
        output: Int = 0,
        more: String = ""
    ) throws -> JSONValue {
        requests += 1
        let more = more.isEmpty ? "" : ",\(more)"
        send(
            #"{"type":"authorize","request":\#(requests),\#(account),"model":"\#(model)","#
                + #""max_input_tokens":\#(input),"max_output_tokens":\#(output)\#(more)}"#
        )
        return try next("granted", "refused", "rejected")
    }

    /// Asks whether the connection is alive.
    func ping() throws {
        send(#"{"type":"ping"}"#)
        _ = try next("pong")
    }
}

/// One usage report as a JSON line.
struct Usage {
    var id: String
    var account = #""org":"acme""#
    var model = "plain"
    var input = 0
    var output = 0
    var sequence: Int?
    var hold: String?
    var more = ""

    var line: String {
        var text = #"{"type":"usage","id":"\#(id)",\#(account),"model":"\#(model)""#
        text += #","input_tokens":\#(input),"output_tokens":\#(output)"#
        if let sequence { text += #","sequence":\#(sequence)"# }
        if let hold { text += #","hold":"\#(hold)""# }
        if !more.isEmpty { text += ",\(more)" }
        return text + "}"
    }
}

func key(_ secret: String) -> String { #""key":"\#(secret)""# }
func org(_ name: String) -> String { #""org":"\#(name)""# }
func amount(_ text: String) throws -> Amount { try Amount(decimal: text) }
