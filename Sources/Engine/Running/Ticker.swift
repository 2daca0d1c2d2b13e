// A timer source may be cancelled from any thread; its protocol does not say so.
@preconcurrency import Dispatch
import Quantities
import Rings

/// Kicks stages when time alone gives them something to do.
///
/// Queue: a private serial one, woken ten times a second; a tick that finds nothing due costs a few
/// loads.
final class Ticker: Sendable {
    private let queue = DispatchQueue(label: "meterd.ticker")
    private let source: any DispatchSourceTimer

    /// How late something that is due by itself may be noticed.
    static let interval = DispatchTimeInterval.milliseconds(100)

    init(_ tick: @escaping @Sendable () -> Void) {
        source = DispatchSource.makeTimerSource(queue: queue)
        source.schedule(deadline: .now(), repeating: Ticker.interval, leeway: .milliseconds(20))
        source.setEventHandler(handler: tick)
        source.resume()
    }

    func stop() {
        source.cancel()
        // What is running on the queue has ended when this returns.
        queue.sync {}
    }
}
