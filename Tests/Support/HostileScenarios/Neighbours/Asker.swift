import DaemonHarness
import Dispatch
import Glibc
import MeterClient
import Quantities
import Synchronization
import Wire

/// A well-behaved gateway: asks before each request, gives the hold back, and notes how long the
/// answer took.
///
/// Queue: its own.
final class Asker: Sendable {
    private struct Notes: Sendable {
        var seconds: [Double] = []
        var faults: [String] = []
    }

    private let path: String
    private let notes = Mutex(Notes())
    private let isStopping = Atomic<Bool>(false)
    private let finished = DispatchGroup()

    /// Connects and begins to ask.
    init(_ daemon: TestDaemon) {
        path = daemon.dataPath
        DispatchQueue(label: "hostile.asker", qos: .userInteractive).async(group: finished) {
            do {
                try self.run()
            } catch {
                self.notes.withLock {
                    $0.faults.append("a neighbour lost its connection: \(error)")
                }
            }
        }
    }

    private func run() throws {
        let connection = try MeterConnection(path: path)
        var call = AuthorizeCall(account: .org(Stage.neighbour), model: "plain")
        call.maxInputTokens = 100
        call.maxOutputTokens = 100
        while !isStopping.load(ordering: .acquiring) {
            let start = HarnessClock.seconds
            _ = try connection.append(call)
            try connection.flush(timeout: .seconds(10))
            guard case .granted(let granted) = try connection.receive(timeout: .seconds(10)) else {
                throw HarnessError("authorize was not granted")
            }
            let seconds = HarnessClock.seconds - start
            notes.withLock { $0.seconds.append(seconds) }
            connection.append(.release(ReleaseRequest(hold: granted.hold)))
            try connection.flush(timeout: .seconds(10))
            guard case .released = try connection.receive(timeout: .seconds(10)) else {
                throw HarnessError("a hold was not released")
            }
            usleep(1000)
        }
    }

    /// Forgets what was measured so far.
    func restart() { notes.withLock { $0.seconds = [] } }

    /// What was measured since.
    var seconds: [Double] { notes.withLock { $0.seconds } }

    /// What went wrong.
    var faults: [String] { notes.withLock { $0.faults } }

    /// Ends it.
    func stop() {
        isStopping.store(true, ordering: .releasing)
        finished.wait()
    }
}
