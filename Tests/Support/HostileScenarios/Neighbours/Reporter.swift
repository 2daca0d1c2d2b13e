import DaemonHarness
import Dispatch
import Glibc
import MeterClient
import Quantities
import Synchronization

/// A well-behaved gateway: reports usage at a steady rate, and counts on every acknowledgement.
///
/// Queue: its own.
final class Reporter: Sendable {
    static let name = "neighbour"

    private let stream: MeterStream
    private let sentCount = Atomic<UInt64>(0)
    private let isStopping = Atomic<Bool>(false)
    private let finished = DispatchGroup()
    private let troubles: Troubles

    private final class Troubles: Sendable {
        let list = Mutex<[String]>([])
    }

    /// Connects and begins to report.
    ///
    /// - Parameters:
    ///   - daemon: Whom it reports to.
    ///   - rate: How many events a second.
    init(_ daemon: TestDaemon, rate: Int) {
        let troubles = Troubles()
        self.troubles = troubles
        var settings = MeterStreamSettings(path: daemon.dataPath, producer: Self.name)
        settings.firstBackoff = .milliseconds(10)
        stream = MeterStream(settings) { notice in
            switch notice {
            case .connected, .subscribed, .cutoff, .restored, .order: break
            case .disconnected(.closed, _): break
            case .disconnected, .rejected, .renumbered:
                troubles.list.withLock { $0.append("the reporting neighbour: \(notice)") }
            }
        }
        DispatchQueue(label: "hostile.reporter").async(group: finished) { self.run(rate) }
    }

    private func run(_ rate: Int) {
        let start = HarnessClock.seconds
        var sent: UInt64 = 0
        while !isStopping.load(ordering: .acquiring) {
            let due = UInt64(Double(rate) * (HarnessClock.seconds - start))
            while sent < due, !isStopping.load(ordering: .relaxed) {
                let event = UsageEvent(
                    id: "n-\(sent + 1)",
                    account: .org(Stage.neighbour),
                    model: "plain",
                    tokens: TokenCounts(input: 1)
                )
                do {
                    try stream.send(event)
                } catch {
                    troubles.list.withLock { $0.append("the reporting neighbour: \(error)") }
                    return
                }
                sent += 1
                sentCount.store(sent, ordering: .releasing)
            }
            usleep(2000)
        }
    }

    /// How many events it has sent.
    var sent: UInt64 { sentCount.load(ordering: .acquiring) }

    /// What went wrong.
    var faults: [String] { troubles.list.withLock { $0 } }

    /// Ends it.
    ///
    /// - Returns: Whether everything was acknowledged.
    func stop() -> Bool {
        isStopping.store(true, ordering: .releasing)
        finished.wait()
        let isDone = stream.drain(timeout: .seconds(30))
        stream.close()
        return isDone
    }
}
