import ControlPlane
import Dispatch
import Engine
import Foundation
import Logging
import ServiceLifecycle
import SettingsFiles
import Synchronization
import UnixSignals

/// The life of the process: recover, open, serve, reload, stop in order.
final class Daemon: Sendable {
    private let settings: Settings
    private let configPath: String
    private let environment: [String: String]
    private let systemd: Systemd
    private let log: Log
    private let stopping = Atomic<Bool>(false)
    private let current: Mutex<Settings>

    init(
        settings: Settings,
        configPath: String,
        environment: [String: String],
        systemd: Systemd,
        log: Log
    ) {
        self.settings = settings
        self.configPath = configPath
        self.environment = environment
        self.systemd = systemd
        self.log = log
        self.current = Mutex(settings)
    }

    /// Runs until a signal asks for the end.
    ///
    /// - Returns: The exit code.
    func run() async -> Int32 {
        let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint, .sighup)
        log.logger.info("meterd \(MeterdVersion.text) starts as node \"\(settings.node.name)\".")
        log.logger.info("\(settings.memory(cores: ProcessInfo.processInfo.activeProcessorCount))")
        for warning in settings.warnings { log.logger.warning("\(warning)") }
        let state = DaemonState()
        let signalTask = Task {
            for await signal in signals {
                guard signal == .sighup else {
                    self.log.logger.info("Asked to stop by \(signal).")
                    self.stopping.store(true, ordering: .releasing)
                    state.stop()
                    return
                }
                await self.reload(state.engine)
            }
        }
        defer { signalTask.cancel() }
        do {
            let engine = try await start()
            state.set(engine)
            try await serve(engine, until: state)
            return 0
        } catch let error as EngineError {
            log.logger.critical("\(error)")
            if case .stopped = error { return 0 }
            return error.isTemporary ? 75 : 78
        } catch {
            log.logger.critical("\(error)")
            return 75
        }
    }

    /// Recovers on a queue of its own, as that blocks.
    private func start() async throws -> Engine {
        let queue = DispatchQueue(label: "meterd.start")
        let settings = self.settings
        let logger = log.logger
        return try await withCheckedThrowingContinuation { continuation in
            queue.async {
                do throws(EngineError) {
                    let engine = try Engine(
                        settings: settings,
                        calendar: SystemZoneCalendar(),
                        version: MeterdVersion.text,
                        log: { logger.info("\($0)") },
                        warn: { logger.warning("\($0)") },
                        isStopping: {
                            // Asked at each try to reach PostgreSQL: it may boot slower than we do.
                            self.systemd.send(
                                .extendTimeout(microseconds: 30_000_000),
                                .status("Waiting for PostgreSQL.")
                            )
                            return self.stopping.load(ordering: .acquiring)
                        },
                        onFatal: { Daemon.end(logger, $0) }
                    )
                    continuation.resume(returning: engine)
                } catch {
                    continuation.resume(throwing: error)
                }
            }
        }
    }

    /// A daemon that may not go on ends at once: what was acknowledged is on disk.
    private static func end(_ logger: Logger, _ reason: String) {
        logger.critical("\(reason) The daemon ends; start it again when that is mended.")
        exit(75)
    }

    private func serve(_ engine: Engine, until state: DaemonState) async throws {
        log.logger.info("\(engine.recovery)")
        let control = ControlServer(
            administration: engine,
            settings: ControlSettings(settings),
            logger: log.logger
        )
        let group = ServiceGroup(
            configuration: .init(services: [.init(service: control)], logger: log.logger)
        )
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            try await waitUntilListening(control)
            try engine.listen(inherited: systemd.listener(named: "data"))
            log.logger.info(
                """
                Ready on \(settings.dataSocket.path), administered on \
                \(settings.controlSocket.path).
                """
            )
            systemd.send(.ready, .status("Ready."))
            let watchdog = startWatchdog(engine)
            await state.waitForStop()
            watchdog?.cancel()
            systemd.send(.stopping, .status("Stopping: making everything durable."))
            await stop(engine)
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
        log.logger.info("Stopped.")
    }

    /// The control socket opens before clients are let in, so that who waits for it can administer.
    private func waitUntilListening(_ control: ControlServer) async throws {
        for _ in 0..<500 where !control.isListening {
            try await Task.sleep(for: .milliseconds(10))
        }
        guard control.isListening else {
            throw ControlPlaneUnavailable(path: settings.controlSocket.path)
        }
    }

    private func stop(_ engine: Engine) async {
        let queue = DispatchQueue(label: "meterd.stop")
        await withCheckedContinuation { continuation in
            queue.async {
                engine.stop()
                continuation.resume()
            }
        }
    }

    private func startWatchdog(_ engine: Engine) -> Task<Void, Never>? {
        guard let period = systemd.watchdogPeriodMicroseconds else { return nil }
        return Task {
            while !Task.isCancelled {
                // A stage that hangs keeps this from answering, and the service manager acts.
                let status = engine.status()
                let trouble = status.troubles.first ?? "Ready."
                systemd.send(.watchdog, .status(trouble))
                do {
                    try await Task.sleep(for: .microseconds(Int64(period)))
                } catch {
                    return
                }
            }
        }
    }

    /// Reads the configuration again, and takes what may change while running.
    private func reload(_ engine: Engine?) async {
        log.logger.info("Asked to reload.")
        let next: Settings
        do throws(SettingsError) {
            next = try Settings.load(path: configPath, environment: environment)
        } catch {
            log.logger.error("Not reloaded, the configuration stays as it was: \(error)")
            return
        }
        let before = current.withLock { current in
            let before = current
            current = next
            return before
        }
        for change in before.changes(to: next) where !change.takenAtReload {
            log.logger.warning("\(change.key) changes with the next start only.")
        }
        log.set(next.logging.level)
        guard let engine else { return }
        engine.useRatesFile(next.ratesCard)
        do throws(AdministrationError) {
            let name = try await engine.reloadRates()
            log.logger.info("The rate card \"\(name)\" is in force.")
        } catch {
            log.logger.error("The rate card stays as it was: \(error)")
        }
    }
}

/// The control socket did not open: the daemon does not run without its administrators.
struct ControlPlaneUnavailable: Error, CustomStringConvertible {
    let path: String

    var description: String {
        "The control socket \(path) did not open. The lines above say why; mend that and start "
            + "again."
    }
}

/// What the signals and the service share.
final class DaemonState: Sendable {
    private struct State: Sendable {
        var engine: Engine?
        var isStopping = false
        var waiting: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())

    var engine: Engine? { state.withLock { $0.engine } }

    func set(_ engine: Engine) {
        state.withLock { $0.engine = engine }
    }

    func stop() {
        let waiting = state.withLock { state in
            state.isStopping = true
            let waiting = state.waiting
            state.waiting = nil
            return waiting
        }
        waiting?.resume()
    }

    func waitForStop() async {
        await withCheckedContinuation { continuation in
            let isStopping = state.withLock { state in
                if !state.isStopping { state.waiting = continuation }
                return state.isStopping
            }
            if isStopping { continuation.resume() }
        }
    }
}

extension ControlSettings {
    init(_ settings: Settings) {
        self.init(
            socketPath: settings.controlSocket.path,
            mode: settings.controlSocket.mode,
            group: settings.controlSocket.group,
            loopback: settings.controlTCP.endpoint.map {
                Endpoint(host: $0.host, port: $0.port)
            }
        )
    }
}
