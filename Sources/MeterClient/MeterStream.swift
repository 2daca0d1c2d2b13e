import Dispatch
import Quantities
import Synchronization
import Wire

/// A producer's stream of events to meterd, and its way to ask for holds; for any thread.
///
/// It keeps every event until meterd says that it is safe, reconnects by itself with growing waits,
/// and resumes after what meterd has. An event is counted exactly once as long as the process lives
/// and each process has its own producer name.
///
/// Queue:       one private serial queue owns the connection; notices come on it, and must not wait
///              for the stream.
/// Cost:        memory for `capacity` events; `send` waits when they are all unacknowledged.
public final class MeterStream: Sendable {
    private let shared: StreamShared

    /// Starts to connect, in the background.
    ///
    /// - Parameters:
    ///   - settings: How to connect and how much to keep.
    ///   - notify: Told of connections, rejections, cutoffs and orders, on the stream's own queue.
    public init(
        _ settings: MeterStreamSettings,
        notify: @escaping @Sendable (MeterNotice) -> Void = { _ in }
    ) {
        let shared = StreamShared(capacity: settings.capacity)
        self.shared = shared
        let loop = StreamLoop(settings: settings, shared: shared, notify: notify)
        DispatchQueue(label: "meterd.client.stream").async { loop.run() }
    }

    deinit {
        shared.change { $0.isClosing = true }
    }

    /// How many events are not yet acknowledged.
    public var unacknowledged: Int { shared.state.withLock { $0.events.count } }

    /// Takes an event; waits while the buffer is full of unacknowledged ones.
    ///
    /// An event that names a `hold` settles it.
    ///
    /// - Parameter event: What to report.
    /// - Throws: `MeterClientError` when a text cannot be sent, or the stream is closed.
    public func send(_ event: UsageEvent) throws(MeterClientError) {
        try send(.usage(event))
    }

    /// Takes a machine's sample; waits while the buffer is full of unacknowledged events.
    ///
    /// A sample without a time is given the present one: its uptime is of now, and it may wait for
    /// minutes until there is a daemon again.
    ///
    /// - Parameter sample: What to report.
    /// - Throws: `MeterClientError` when a text cannot be sent, or the stream is closed.
    public func send(_ sample: MachineSample) throws(MeterClientError) {
        var sample = sample
        if sample.at == nil { sample.at = Timestamp.now }
        try send(.machine(sample))
    }

    private func send(_ event: MeterEvent) throws(MeterClientError) {
        try EventText.check(event)
        shared.freeSlots.wait()
        let failure = shared.change { state -> MeterClientError? in
            let failure = state.isClosing ? .closed : state.failure
            if failure == nil { state.events.append(event) }
            return failure
        }
        if let failure {
            shared.freeSlots.signal()
            throw failure
        }
    }

    /// Waits until everything that was sent is acknowledged.
    ///
    /// - Parameter timeout: How long to wait.
    /// - Returns: Whether nothing is left unacknowledged.
    public func drain(timeout: Duration) -> Bool {
        let waiter = DispatchSemaphore(value: 0)
        let mustWait = shared.state.withLock { state -> Bool in
            guard state.events.count > 0, state.failure == nil else { return false }
            state.drainWaiters.append(waiter)
            return true
        }
        if mustWait {
            let (seconds, attoseconds) = timeout.components
            let nanoseconds = seconds * 1_000_000_000 + attoseconds / 1_000_000_000
            _ = waiter.wait(timeout: .now() + .nanoseconds(Int(clamping: nanoseconds)))
        }
        return unacknowledged == 0
    }

    /// Says that an order has been carried out.
    ///
    /// - Parameter order: The order's number.
    public func orderDone(_ order: UInt64) {
        shared.change { $0.ordersDone.append(order) }
    }

    /// Closes the connection, without waiting for acknowledgements; `drain` first to have them.
    public func close() {
        shared.change { $0.isClosing = true }
        shared.finished.wait()
        shared.finished.signal()
    }

    /// Starts a call; its end is told exactly once.
    func start(
        _ call: Call,
        timeout: Duration,
        _ complete: @escaping @Sendable (Result<CallAnswer, MeterClientError>) -> Void
    ) {
        let deadline = ClientClock.deadline(after: timeout)
        let failure = shared.change { state -> MeterClientError? in
            if let failure = state.isClosing ? .closed : state.failure { return failure }
            state.lastRequest += 1
            state.calls[state.lastRequest] = PendingCall(
                call: call,
                deadline: deadline,
                complete: complete
            )
            state.unsentCalls.append(state.lastRequest)
            return nil
        }
        if let failure { complete(.failure(failure)) }
    }
}
