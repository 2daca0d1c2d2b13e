import ControlPlane
import DaemonHarness
import Dispatch
import Engine
import Foundation
import Logging
import ServiceLifecycle
import SettingsFiles
import Synchronization

/// The daemon as `meterd` puts it together, in this process, so that the test has its clock.
///
/// Both sockets, the journal's files and PostgreSQL are the real ones.
final class ScenarioDaemon {
    let engine: Engine
    private let group: ServiceGroup
    private let served = DispatchSemaphore(value: 0)
    private let serving = ServingQueue()

    /// Recovers, and opens both sockets.
    init(settings: Settings, clock: ScenarioClock) throws {
        let deadline = HarnessClock.seconds + 30
        let last = Mutex("")
        do {
            engine = try ScenarioDaemon.engine(settings, clock, until: deadline) { text in
                last.withLock { $0 = text }
            }
        } catch EngineError.stopped {
            throw HarnessError("the daemon does not start: \(last.withLock { $0 })")
        }
        var logger = Logger(label: "scenario")
        logger.logLevel = .critical
        let control = ControlServer(
            administration: engine,
            settings: ControlSettings(
                socketPath: settings.controlSocket.path,
                mode: settings.controlSocket.mode,
                group: settings.controlSocket.group
            ),
            logger: logger
        )
        let group = ServiceGroup(
            configuration: .init(services: [.init(service: control)], logger: logger)
        )
        self.group = group
        let served = self.served
        // Not on the threads that all tests share: others may block them for long.
        Task.detached(executorPreference: serving) {
            try? await group.run()
            served.signal()
        }
        try wait(until: "the control socket is open", within: 20, step: 1000) {
            control.isListening
        }
        try engine.listen(inherited: nil)
    }

    private static func engine(
        _ settings: Settings,
        _ clock: ScenarioClock,
        until deadline: Double,
        _ log: @escaping @Sendable (String) -> Void
    ) throws -> Engine {
        try Engine(
            settings: settings,
            calendar: SystemZoneCalendar(),
            version: MeterdVersion.text,
            time: clock,
            log: log,
            isStopping: { HarnessClock.seconds > deadline },
            onFatal: { fatalError("the daemon would have ended: \($0)") }
        )
    }

    /// Ends it in the order in which `meterd` does, and leaves nothing of it in memory.
    func stop() {
        engine.stop()
        let group = self.group
        Task.detached(executorPreference: serving) { await group.triggerGracefulShutdown() }
        served.wait()
        engine.retire()
    }
}

/// Runs the control plane on a queue of its own.
private final class ServingQueue: TaskExecutor {
    private let queue = DispatchQueue(label: "scenario.control")

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let executor = asUnownedTaskExecutor()
        queue.async { job.runSynchronously(on: executor) }
    }
}
