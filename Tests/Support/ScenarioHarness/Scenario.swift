import DaemonHarness
import Dispatch

/// What happens between a step and the look at what has become of it.
package enum Course: String, CaseIterable, Sendable {
    /// Nothing: the daemon runs from the first step to the last.
    case straight = "without a restart"
    /// It stops in order and starts again.
    case restarted = "with a restart after every step"
    /// PostgreSQL is away during the step, and the daemon loses its memory after it: all that the
    /// step did is rebuilt from the journal.
    case crashed = "with a crash after every step"
}

/// A system's story, told in steps.
package final class Scenario {
    /// Where it plays.
    package let world: ScenarioWorld
    private let course: Course

    private init(_ world: ScenarioWorld, _ course: Course) {
        self.world = world
        self.course = course
    }

    /// Plays a story on a world of its own.
    ///
    /// - Parameters:
    ///   - system: The name of a file in `config/systems`, without its ending.
    ///   - time: Where the clock stands at first, as RFC 3339.
    ///   - course: What happens after each step.
    ///   - story: The steps.
    /// - Throws: What a step throws, with its name.
    package static func play(
        _ system: String,
        from time: String,
        _ course: Course,
        _ story: @escaping @Sendable (Scenario) throws -> Void
    ) async throws {
        // Steps wait for the daemon, whose control plane needs the threads that tests run on.
        try await OwnThread().run {
            seats.wait()
            defer { seats.signal() }
            let world = try ScenarioWorld(system: system, from: time)
            try world.start()
            defer { world.stop() }
            try story(Scenario(world, course))
        }
    }

    /// So many worlds at once are enough to keep a small machine busy.
    private static let seats = DispatchSemaphore(value: 3)

    /// Does something, has the daemon restarted if the course says so, and looks.
    ///
    /// - Parameters:
    ///   - name: What the step shows.
    ///   - act: What is done; what needs PostgreSQL asks for its return.
    ///   - look: What must be so afterwards.
    /// - Throws: What either throws, with the name.
    package func step(
        _ name: String,
        _ act: (ScenarioWorld) throws -> Void,
        then look: (ScenarioWorld) throws -> Void = { _ in }
    ) throws {
        do {
            if course == .crashed { try world.cutDatabase() }
            try act(world)
            switch course {
            case .straight: break
            case .restarted: try world.restart()
            case .crashed: try world.crash()
            }
            try look(world)
        } catch {
            throw HarnessError("step \"\(name)\": \(error)")
        }
    }
}

/// A thread for one story, which stays in its test's task.
private actor OwnThread {
    private let executor = QueueExecutor()

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    func run(_ body: @Sendable () throws -> Void) throws {
        try body()
    }
}

/// Runs an actor on a queue of its own.
private final class QueueExecutor: SerialExecutor {
    private let queue = DispatchQueue(label: "scenario")

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let executor = asUnownedSerialExecutor()
        queue.async { job.runSynchronously(on: executor) }
    }
}
