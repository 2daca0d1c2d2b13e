import ControlPlane
import Foundation
import Logging
import ServiceLifecycle

/// Runs a control plane on a socket of its own while a test talks to it.
enum ServerFixture {
    /// A short path: a socket's address has room for 107 bytes.
    static func socketPath() -> String {
        "/tmp/mcp-\(UInt64.random(in: 0...UInt64.max)).sock"
    }

    static func with<Result>(
        administration: FakeAdministration = FakeAdministration(),
        settings: ControlSettings = ControlSettings(socketPath: socketPath()),
        _ body: (ControlClient, FakeAdministration, ControlServer) async throws -> Result
    ) async throws -> Result {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let server = ControlServer(
            administration: administration,
            settings: settings,
            logger: logger
        )
        let group = ServiceGroup(
            configuration: .init(services: [server], logger: logger)
        )
        let running = Task { try await group.run() }
        var waited = 0
        while !server.isListening, waited < 2000 {
            try await Task.sleep(for: .milliseconds(5))
            waited += 1
            if waited.isMultiple(of: 50), running.isCancelled { break }
        }
        let client = ControlClient(socketPath: settings.socketPath, timeoutSeconds: 10)
        do {
            let result = try await body(client, administration, server)
            await group.triggerGracefulShutdown()
            try await running.value
            return result
        } catch {
            await group.triggerGracefulShutdown()
            _ = try? await running.value
            throw error
        }
    }
}

extension ControlClient {
    /// Sends a call as a test writes it: "POST /v1/organisations".
    func call(
        _ line: String,
        _ body: String? = nil,
        key: String? = nil
    ) async throws -> ControlAnswer {
        let parts = line.split(separator: " ")
        var request = ControlRequest(.init(rawValue: String(parts[0])) ?? .get)
        request.path = String(parts[1])
        request.body = body.map { Array($0.utf8) }
        request.idempotencyKey = key
        return try await send(request)
    }
}
