import CLinux
import Dispatch
import Glibc
import Synchronization
import Wire

/// One call on its way: what is asked, until when, and who is told.
struct PendingCall {
    let call: Call
    let deadline: UInt64
    let complete: @Sendable (Result<CallAnswer, MeterClientError>) -> Void
    var wasSent = false
}

/// What callers and the stream's own queue share.
struct StreamState {
    var events: EventBuffer
    var calls: [UInt64: PendingCall] = [:]
    // Calls that wait to be sent, in order; some may have timed out meanwhile.
    var unsentCalls: [UInt64] = []
    var ordersDone: [UInt64] = []
    var drainWaiters: [DispatchSemaphore] = []
    var lastRequest: UInt64 = 0
    var isClosing = false
    // Set when the stream cannot go on at all; every later call throws it.
    var failure: MeterClientError?
    // Whether the queue waits in `poll` and must be woken.
    var isAsleep = false

    init(capacity: Int) {
        events = EventBuffer(capacity: capacity)
    }

    /// Takes out who waits for an empty buffer.
    mutating func takeDrainWaiters() -> [DispatchSemaphore] {
        var taken: [DispatchSemaphore] = []
        swap(&taken, &drainWaiters)
        return taken
    }
}

/// The state behind its lock, the free slots, and the bell that wakes the queue.
///
/// The lock is held for moves of values only, never over a system call that can block.
final class StreamShared: Sendable {
    let state: Mutex<StreamState>
    /// One for each free slot: `send` takes one, an acknowledged event gives one back.
    let freeSlots: DispatchSemaphore
    let finished = DispatchSemaphore(value: 0)
    private let bell: Int32

    init(capacity: Int) {
        state = Mutex(StreamState(capacity: capacity))
        freeSlots = DispatchSemaphore(value: 0)
        for _ in 0..<capacity { freeSlots.signal() }
        bell = eventfd(0, Int32(EFD_CLOEXEC) | Int32(EFD_NONBLOCK))
    }

    deinit {
        close(bell)
    }

    /// The descriptor that becomes readable when somebody wants the queue.
    var wakeDescriptor: Int32 { bell }

    /// Changes the state, and wakes the queue when it sleeps.
    func change<Result>(_ body: (inout StreamState) -> sending Result) -> sending Result {
        var wake = false
        let result = state.withLock { state in
            wake = state.isAsleep
            state.isAsleep = false
            return body(&state)
        }
        if wake {
            var one: UInt64 = 1
            // It fails only when the bell has rung 2^64 times unheard.
            _ = write(bell, &one, 8)
        }
        return result
    }

    /// Silences the bell after waking.
    func awake() {
        var count: UInt64 = 0
        state.withLock { $0.isAsleep = false }
        _ = read(bell, &count, 8)
    }

    /// Gives back slots of acknowledged events, and wakes who waits for an empty buffer.
    func free(_ slots: Int) {
        for _ in 0..<slots { freeSlots.signal() }
        let waiters = state.withLock { state -> [DispatchSemaphore] in
            state.events.count == 0 ? state.takeDrainWaiters() : []
        }
        for waiter in waiters { waiter.signal() }
    }

    /// Ends all calls that meet a condition.
    func endCalls(
        with error: MeterClientError,
        where condition: (PendingCall) -> Bool
    ) {
        let ended = state.withLock { state -> [PendingCall] in
            let numbers = state.calls.filter { condition($0.value) }.map(\.key).sorted()
            return numbers.compactMap { state.calls.removeValue(forKey: $0) }
        }
        for call in ended { call.complete(.failure(error)) }
    }

    /// Ends everything: nobody waits any more.
    func fail(_ error: MeterClientError) {
        let waiters = state.withLock { state -> [DispatchSemaphore] in
            state.failure = state.failure ?? error
            return state.takeDrainWaiters()
        }
        for waiter in waiters { waiter.signal() }
        endCalls(with: error) { _ in true }
        // Senders that wait for a slot get one, see the failure, and hand the slot on.
        freeSlots.signal()
    }
}
