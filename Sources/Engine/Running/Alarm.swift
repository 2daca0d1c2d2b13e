// A timer source may be cancelled from any thread; its protocol does not say so.
@preconcurrency import Dispatch
import Rings
import Synchronization

/// Kicks a stage once, later: how a stage waits without keeping its queue.
package protocol Alarm: AnyObject, Sendable {
    /// Whether it is set and has not gone off yet.
    var isSet: Bool { get }

    /// Kicks the stage after some time, by a clock that nobody turns back.
    ///
    /// - Parameter milliseconds: After how long.
    func set(milliseconds: Int)

    /// Takes back what was set; a kick that is under way still comes.
    func cancel()
}

/// The real alarm: one timer on a private queue.
///
/// Order: the flag is cleared before the kick, so that the run that the kick causes finds it clear.
final class StageAlarm: Alarm {
    private let pending = Atomic<Bool>(false)
    private let source: any DispatchSourceTimer

    init(_ stage: Stage) {
        let queue = DispatchQueue(label: "\(stage.label).alarm")
        source = DispatchSource.makeTimerSource(queue: queue)
        source.schedule(deadline: .distantFuture)
        source.setEventHandler { [weak self] in
            self?.pending.store(false, ordering: .releasing)
            stage.kick()
        }
        source.resume()
    }

    deinit {
        source.cancel()
    }

    var isSet: Bool { pending.load(ordering: .acquiring) }

    func set(milliseconds: Int) {
        pending.store(true, ordering: .releasing)
        source.schedule(
            deadline: .now() + .milliseconds(milliseconds),
            leeway: .microseconds(500)
        )
    }

    func cancel() {
        pending.store(false, ordering: .releasing)
        source.schedule(deadline: .distantFuture)
    }
}
