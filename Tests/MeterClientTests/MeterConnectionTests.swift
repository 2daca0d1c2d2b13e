import CLinux
import Glibc
import MeterClient
import Quantities
import Testing
import Wire

/// Goal: the low-level connection says and hears what Wire says.
@Suite struct MeterConnectionTests {
    private func echo() -> FakeDaemon {
        FakeDaemon { heard in
            switch heard {
            case .hello: [.welcome(Welcome(daemon: "fake", lastSequence: 7))]
            case .usage(let sequence, let id, _, _):
                sequence == 0
                    ? [.ack(.id(ShortText(id) ?? ShortText()))]
                    : sequence % 500 == 0 ? [.ack(.sequence(sequence))] : []
            case .authorize(let request, _):
                [.refused(Refused(request: request, refusal: .invalidKey))]
            case .ping: [.pong, .error(ConnectionFault(.shuttingDown, "bye"))]
            default: []
            }
        }
    }

    private func event(_ id: String) -> MeterEvent {
        .usage(UsageEvent(id: id, account: .org("acme"), model: "opus", tokens: TokenCounts()))
    }

    @Test(arguments: WireEncoding.allCases)
    func `a batch is sent, and answers are received`(encoding: WireEncoding) throws {
        let daemon = echo()
        daemon.start()
        defer { daemon.stop() }
        let connection = try MeterConnection(path: daemon.path, encoding: encoding)
        let welcome = try connection.hello(producer: "tool")
        #expect(welcome.lastSequence == 7)
        for sequence in 1...20_000 {
            try connection.append(event("r\(sequence)"), sequence: UInt64(sequence))
        }
        try connection.flush()
        for expected in stride(from: UInt64(500), through: 20_000, by: 500) {
            #expect(try connection.receive(timeout: .seconds(5)) == .ack(.sequence(expected)))
        }
        try connection.append(event("alone"), sequence: 0)
        let id = try #require(ShortText("alone"))
        #expect(try connection.receive(timeout: .seconds(5)) == .ack(.id(id)))
        let request = try connection.append(AuthorizeCall(account: .key("k"), model: "opus"))
        let refused = Refused(request: .number(request), refusal: .invalidKey)
        #expect(try connection.receive(timeout: .seconds(5)) == .refused(refused))
        #expect(try connection.receive(timeout: .milliseconds(20)) == nil)
    }

    @Test func `the daemon's last words are an error with its code`() throws {
        let daemon = echo()
        daemon.start()
        defer { daemon.stop() }
        let connection = try MeterConnection(path: daemon.path, encoding: .jsonLines)
        connection.append(.ping)
        #expect(try connection.receive(timeout: .seconds(5)) == .pong)
        let fault = ConnectionFault(.shuttingDown, "bye")
        #expect(throws: MeterClientError.closedByDaemon(fault)) {
            try connection.receive(timeout: .seconds(5))
        }
    }

    @Test func `frames that were encoded before go out as they are`() throws {
        let daemon = echo()
        daemon.start()
        defer { daemon.stop() }
        let connection = try MeterConnection(path: daemon.path)
        var buffer = WireBuffer()
        let none: [UInt8] = []
        ClientEncoder(.binary).append(.ping, texts: none.span.bytes, to: &buffer)
        buffer.withBytes { connection.append(encoded: $0) }
        #expect(try connection.receive(timeout: .seconds(5)) == .pong)
    }

    @Test func `a lost connection and a missing socket are told apart`() throws {
        #expect(throws: MeterClientError.unreachable(path: "/nowhere.sock", errno: ENOENT)) {
            _ = try MeterConnection(path: "/nowhere.sock")
        }
        #expect(throws: MeterClientError.self) {
            _ = try MeterConnection(path: String(repeating: "x", count: 200))
        }
        var pair: [Int32] = [0, 0]
        socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &pair)
        let connection = MeterConnection(adopting: pair[0])
        close(pair[1])
        #expect(throws: MeterClientError.disconnected(errno: 0)) { try connection.receive() }
    }

    @Test func `something else that listens there is a bad answer`() throws {
        var pair: [Int32] = [0, 0]
        socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &pair)
        let connection = MeterConnection(adopting: pair[0])
        _ = write(pair[1], "HTTP/1.1 400 Bad Request\r\n", 26)
        #expect(throws: MeterClientError.self) {
            try connection.hello(producer: "tool", timeout: .seconds(5))
        }
        close(pair[1])
    }

    @Test func `every error says what to do next`() {
        let errors: [MeterClientError] = [
            .unreachable(path: "/run/meterd.sock", errno: 2), .pathTooLong(path: "/x"),
            .disconnected(errno: 104), .closedByDaemon(ConnectionFault(.overloaded, "later")),
            .badAnswer(ConnectionFault(.malformed, "no")), .timedOut,
            .rejected(Rejection(.conflict, subject: .unknown, message: "m")),
            .invalidText(field: "id", text: ""), .tooManyNames, .producerShared(producer: "p"),
            .closed,
        ]
        for error in errors {
            #expect(error.description.contains("; "), "\(error)")
        }
        #expect(errors.filter(\.isTransient).count == 5)
    }
}
