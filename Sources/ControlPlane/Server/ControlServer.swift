import Engine
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import ServiceLifecycle
import Synchronization

/// Serves the engine's administration as HTTP/JSON on a Unix socket, and on loopback if asked.
///
/// Invariants:  never takes over a socket on which somebody listens; never listens on an address
///              that other machines reach.
/// Why:         one administrative way in; permissions are those of the socket's file.
public final class ControlServer: Service {
    private let administration: any Administration
    private let settings: ControlSettings
    private let logger: Logger
    private let listening = Mutex<Listening>(Listening())

    private struct Listening {
        var socket = false
        var port: Int?
        var failure: ControlError?
    }

    /// Makes a server; `run` opens it.
    ///
    /// - Parameters:
    ///   - administration: What to serve.
    ///   - settings: Where to listen.
    ///   - logger: Where changes and failures are told.
    public init(administration: any Administration, settings: ControlSettings, logger: Logger) {
        self.administration = administration
        self.settings = settings
        self.logger = logger
    }

    /// Whether every listener is open.
    public var isListening: Bool {
        listening.withLock { $0.socket && (settings.loopback == nil || $0.port != nil) }
    }

    /// The port that the loopback listener got, when there is one and it is open.
    public var loopbackPort: Int? { listening.withLock { $0.port } }

    /// Serves until graceful shutdown: then answers what was asked and closes.
    ///
    /// - Throws: `ControlError` when a listener cannot be opened.
    public func run() async throws {
        let socket = try ControlSocket(
            path: settings.socketPath,
            mode: settings.mode,
            group: settings.group
        )
        if let loopback = settings.loopback { try Loopback.check(loopback.host) }
        try socket.removeStale()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await self.serve(socket) }
            if let loopback = self.settings.loopback {
                group.addTask { try await self.serve(loopback) }
            }
            // Whichever ends first by an error ends the others.
            for try await _ in group {}
        }
    }

    // MARK: - Listeners

    private func serve(_ socket: ControlSocket) async throws {
        let identity = Mutex<ControlSocket.Identity?>(nil)
        defer {
            if let made = identity.withLock({ $0 }) { socket.remove(made) }
        }
        let application = application(
            address: .unixDomainSocket(path: socket.path),
            hosts: nil
        ) { channel in
            do throws(ControlError) {
                let made = try socket.protect()
                identity.withLock { $0 = made }
                self.listening.withLock { $0.socket = true }
            } catch {
                self.listening.withLock { $0.failure = error }
                channel.close(promise: nil)
            }
        }
        try await run(application, at: socket.path)
        // Without its permissions the socket is of no use, or of too much.
        if let failure = listening.withLock({ $0.failure }) { throw failure }
    }

    private func serve(_ endpoint: ControlSettings.Endpoint) async throws {
        let application = application(
            address: .hostname(endpoint.host, port: endpoint.port),
            hosts: Loopback.names(with: endpoint.host)
        ) { channel in
            self.listening.withLock { $0.port = channel.localAddress?.port }
        }
        try await run(application, at: "\(endpoint.host):\(endpoint.port)")
    }

    private func run(_ application: some ApplicationProtocol, at address: String) async throws {
        do {
            try await application.run()
        } catch let error as CancellationError {
            throw error
        } catch {
            throw ControlError.listen(address: address, reason: "\(error)")
        }
    }

    private func application(
        address: BindAddress,
        hosts: Set<String>?,
        opened: @escaping @Sendable (any Channel) -> Void
    ) -> some ApplicationProtocol {
        let router = Router(context: BasicRequestContext.self)
        router.add(middleware: ProblemMiddleware(hosts: hosts))
        Routes.install(
            on: router,
            administration: administration,
            maximumBodyBytes: settings.maximumBodyBytes
        )
        return Application(
            router: router,
            server: .http1(
                configuration: .init(idleTimeout: .seconds(Int64(settings.idleTimeoutSeconds)))
            ),
            configuration: ApplicationConfiguration(
                address: address,
                serverName: "meterd",
                availableConnectionsDelegate: .maximum(settings.maximumConnections, logger: logger)
            ),
            onServerRunning: { opened($0) },
            logger: logger
        )
    }
}
