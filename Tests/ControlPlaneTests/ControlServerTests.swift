@testable import ControlFixture
import ControlPlane
import Foundation
import Logging
import ServiceLifecycle
import Synchronization
import Testing

/// Goal: the socket is only ever ours, has the permissions that were asked for, and goes with us.
///
/// Method: real socket files in /tmp.
@Suite struct ControlServerTests {
    private func run(_ settings: ControlSettings) async throws {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let server = ControlServer(
            administration: FakeAdministration(),
            settings: settings,
            logger: logger
        )
        try await server.run()
    }

    private func listener(_ path: String) -> Int32 {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        _ = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        listen(descriptor, 1)
        return descriptor
    }

    @Test func `the socket has the mode asked for, and is gone afterwards`() async throws {
        let path = ServerFixture.socketPath()
        let settings = ControlSettings(socketPath: path, mode: 0o600, group: "0")
        try await ServerFixture.with(settings: settings) { client, _, _ in
            var file = stat()
            #expect(lstat(path, &file) == 0)
            #expect(file.st_mode & 0o777 == 0o600)
            #expect(file.st_gid == 0)
            let status = try await client.call("GET /health").status
            #expect(status == 200)
        }
        #expect(access(path, F_OK) != 0)
    }

    @Test func `a socket on which nobody listens any more is replaced`() async throws {
        let path = ServerFixture.socketPath()
        close(listener(path))
        #expect(access(path, F_OK) == 0)
        try await ServerFixture.with(settings: ControlSettings(socketPath: path)) { client, _, _ in
            let status = try await client.call("GET /health").status
            #expect(status == 200)
        }
    }

    @Test func `a socket on which somebody listens is left alone`() async throws {
        let path = ServerFixture.socketPath()
        let other = listener(path)
        await #expect(throws: ControlError.socketInUse(path: path)) {
            try await run(ControlSettings(socketPath: path))
        }
        #expect(access(path, F_OK) == 0)
        close(other)
        unlink(path)
    }

    @Test func `a file that is no socket is left alone`() async throws {
        let path = ServerFixture.socketPath()
        close(creat(path, 0o600))
        await #expect(throws: ControlError.notASocket(path: path)) {
            try await run(ControlSettings(socketPath: path))
        }
        #expect(access(path, F_OK) == 0)
        unlink(path)
    }

    @Test func `what cannot be listened on is said before anything is opened`() async throws {
        let path = ServerFixture.socketPath()
        await #expect(throws: ControlError.unknownGroup(name: "no-such-group")) {
            try await run(ControlSettings(socketPath: path, group: "no-such-group"))
        }
        let long = "/tmp/" + String(repeating: "x", count: 120)
        await #expect(throws: ControlError.pathTooLong(path: long, limit: 107)) {
            try await run(ControlSettings(socketPath: long))
        }
        await #expect(throws: ControlError.notLoopback(host: "0.0.0.0")) {
            try await run(
                ControlSettings(socketPath: path, loopback: .init(host: "0.0.0.0", port: 0))
            )
        }
        await #expect(throws: ControlError.self) {
            try await run(ControlSettings(socketPath: "/nonexistent/control.sock"))
        }
    }

    @Test func `loopback is served too, but not under a foreign name`() async throws {
        let settings = ControlSettings(
            socketPath: ServerFixture.socketPath(),
            loopback: .init(host: "127.0.0.1", port: 0)
        )
        try await ServerFixture.with(settings: settings) { _, _, server in
            let port = try #require(server.loopbackPort)
            let own = try await exchange(
                port,
                "GET /health HTTP/1.1\r\nHost: localhost:\(port)\r\n\r\n"
            )
            #expect(own.hasPrefix("HTTP/1.1 200 OK\r\n"))
            let foreign = try await exchange(
                port,
                "GET /health HTTP/1.1\r\nHost: evil.example\r\n\r\n"
            )
            #expect(foreign.hasPrefix("HTTP/1.1 403 Forbidden\r\n"))
            #expect(foreign.contains(#""code":"foreign_host""#))
        }
    }

    @Test func `a body that does not say it is JSON is refused`() async throws {
        let settings = ControlSettings(
            socketPath: ServerFixture.socketPath(),
            loopback: .init(host: "127.0.0.1", port: 0)
        )
        try await ServerFixture.with(settings: settings) { _, administration, server in
            let port = try #require(server.loopbackPort)
            let answer = try await exchange(
                port,
                "POST /v1/organisations HTTP/1.1\r\nHost: localhost\r\n"
                    + "Content-Type: text/plain\r\nContent-Length: 12\r\n\r\n{\"name\":\"a\"}"
            )
            #expect(answer.hasPrefix("HTTP/1.1 415 Unsupported Media Type\r\n"))
            #expect(administration.state.withLock { $0.accounts.isEmpty })
        }
    }

    @Test func `calls beside each other are all answered`() async throws {
        try await ServerFixture.with { client, _, _ in
            let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                for number in 0..<100 {
                    group.addTask {
                        let body = #"{"name":"org-\#(number)"}"#
                        return try await client.call("POST /v1/organisations", body).status
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(statuses == Array(repeating: 201, count: 100))
        }
    }

    @Test func `a client without a server says what to do`() async throws {
        let path = ServerFixture.socketPath()
        do {
            _ = try await ControlClient(socketPath: path).call("GET /health")
            Issue.record("Nobody listens, and yet there is an answer.")
        } catch let error as ControlClientError {
            #expect(
                error.description == "Cannot reach meterd on \(path): no such file or directory. "
                    + "Is meterd running? Give its control socket with --socket or "
                    + "METERD_CONTROL_SOCKET."
            )
        }
    }

    @Test func `a server that never answers ends in a timeout`() async throws {
        let path = ServerFixture.socketPath()
        let other = listener(path)
        await #expect(throws: ControlClientError.timedOut(seconds: 1)) {
            let client = ControlClient(socketPath: path, timeoutSeconds: 1)
            _ = try await client.send(ControlRequest(.get, "health"))
        }
        close(other)
        unlink(path)
    }

    /// One exchange over TCP, as bytes, on a thread of its own: the server needs the pool's.
    private func exchange(_ port: Int, _ request: String) async throws -> String {
        try await withCheckedThrowingContinuation { continuation in
            Thread { continuation.resume(with: Result { try blockingExchange(port, request) }) }
                .start()
        }
    }

    private func blockingExchange(_ port: Int, _ request: String) throws -> String {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        try #require(result == 0)
        _ = request.withCString { write(descriptor, $0, strlen($0)) }
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = read(descriptor, &bytes, bytes.count)
        return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
    }
}
