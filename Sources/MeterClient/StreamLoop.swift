import Dispatch
import Quantities
import Synchronization
import Wire

/// Owns a stream's connection: connects, sends, receives, reconnects, until it is closed.
///
/// Queue:       runs on the stream's private serial queue from start to end.
struct StreamLoop {
    private static let eventsPerRound = 1024
    private static let pendingBytes = 512 << 10
    // A connection that lived this long was a good one: the next failure waits only briefly.
    private static let goodLife: UInt64 = 1_000_000_000

    let settings: MeterStreamSettings
    let shared: StreamShared
    let notify: @Sendable (MeterNotice) -> Void

    /// Runs until the stream is closed, or cannot go on.
    func run() {
        var backoff = settings.firstBackoff
        while !isClosing {
            let start = ClientClock.nanoseconds
            do throws(MeterClientError) {
                try serve(try connect())
            } catch {
                if error == .closed { break }
                if ClientClock.nanoseconds - start > Self.goodLife {
                    backoff = settings.firstBackoff
                }
                shared.endCalls(with: error) { $0.wasSent }
                guard mayRetry(error) else {
                    notify(.disconnected(error, retryAfter: nil))
                    shared.fail(error)
                    break
                }
                notify(.disconnected(error, retryAfter: backoff))
                sleep(backoff)
                backoff = min(backoff * 2, settings.longestBackoff)
            }
        }
        shared.fail(.closed)
        shared.finished.signal()
    }

    private var isClosing: Bool { shared.state.withLock { $0.isClosing } }

    /// Only what no later attempt can mend ends the stream.
    private func mayRetry(_ error: MeterClientError) -> Bool {
        switch error {
        case .pathTooLong, .invalidText, .producerShared, .closed: false
        case .unreachable, .disconnected, .closedByDaemon, .badAnswer, .timedOut, .rejected,
            .tooManyNames:
            true
        }
    }

    private func connect() throws(MeterClientError) -> MeterConnection {
        let connection = try MeterConnection(path: settings.path, encoding: settings.encoding)
        let welcome = try connection.hello(
            producer: settings.producer,
            durability: settings.durability,
            timeout: settings.welcomeTimeout
        )
        let (dropped, resumption) = shared.state.withLock { state in
            state.events.resume(after: welcome.lastSequence)
        }
        shared.free(dropped)
        switch resumption {
        case .began, .resumed: break
        case .renumbered: notify(.renumbered(after: welcome.lastSequence))
        case .shared: throw .producerShared(producer: settings.producer)
        }
        if !settings.topics.isEmpty { connection.append(.subscribe(settings.topics)) }
        notify(.connected(lastSequence: welcome.lastSequence))
        return connection
    }

    private func serve(_ connection: MeterConnection) throws(MeterClientError) {
        while true {
            if isClosing { throw .closed }
            try fill(connection)
            while let message = try connection.nextReceived() { try handle(message, connection) }
            expireCalls()
            let deadline = fallAsleep(connection)
            try connection.exchange(until: deadline, wake: shared.wakeDescriptor)
            shared.awake()
        }
    }

    /// Writes calls first, because somebody waits for them, and then events.
    private func fill(_ connection: MeterConnection) throws(MeterClientError) {
        guard connection.pendingBytes < Self.pendingBytes else { return }
        let (calls, orders, events) = shared.state.withLock { state in
            var calls: [(UInt64, Call)] = []
            for number in state.unsentCalls {
                guard let pending = state.calls[number] else { continue }
                state.calls[number]?.wasSent = true
                calls.append((number, pending.call))
            }
            state.unsentCalls = []
            let orders = state.ordersDone
            state.ordersDone = []
            var events: [(UInt64, MeterEvent)] = []
            while events.count < Self.eventsPerRound, let next = state.events.nextToSend() {
                events.append(next)
            }
            return (calls, orders, events)
        }
        for (request, call) in calls { try connection.append(call, request: request) }
        for order in orders { connection.append(.orderDone(OrderDone(order: order))) }
        for (sequence, event) in events { try connection.append(event, sequence: sequence) }
    }

    /// Says that it sleeps unless there is something to do, and returns until when.
    private func fallAsleep(_ connection: MeterConnection) -> UInt64 {
        shared.state.withLock { state in
            let mayFill = connection.pendingBytes < Self.pendingBytes
            let hasWork =
                state.events.hasUnsent || !state.unsentCalls.isEmpty || !state.ordersDone.isEmpty
            if state.isClosing || (mayFill && hasWork) { return 0 }
            state.isAsleep = true
            return state.calls.values.map(\.deadline).min() ?? .max
        }
    }

    private func expireCalls() {
        let now = ClientClock.nanoseconds
        shared.endCalls(with: .timedOut) { $0.deadline <= now }
    }

    private func sleep(_ duration: Duration) {
        let deadline = ClientClock.deadline(after: duration)
        while !isClosing, ClientClock.nanoseconds < deadline {
            expireCalls()
            let next = shared.state.withLock { state in
                state.isAsleep = true
                return state.isClosing
                    ? 0 : min(deadline, state.calls.values.map(\.deadline).min() ?? .max)
            }
            ClientClock.wait(for: shared.wakeDescriptor, until: next)
            shared.awake()
        }
    }
}

extension StreamLoop {
    private func handle(
        _ message: DaemonMessage,
        _ connection: MeterConnection
    ) throws(MeterClientError) {
        switch message {
        case .ack(.sequence(let sequence)): try acknowledge(sequence)
        case .ack(.id), .welcome: break
        case .rejected(let rejection): try reject(rejection)
        case .granted(let granted):
            let answer = CallAnswer.outcome(.granted(granted))
            if !answered(granted.request, answer) {
                // Its caller has given up: the hold would block the account until it lapses.
                connection.append(.release(ReleaseRequest(hold: granted.hold)))
            }
        case .refused(let refused):
            _ = answered(refused.request, .outcome(.refused(refused)))
        case .released(let released): _ = answered(released.request, .done)
        case .pong: answerPing()
        case .subscribed(let subscribed): notify(.subscribed(subscribed))
        case .cutoff(let cutoff): notify(.cutoff(cutoff))
        case .restored(let cutoff): notify(.restored(cutoff))
        case .order(let order): notify(.order(order))
        case .error(let fault): throw .closedByDaemon(fault)
        }
    }

    private func acknowledge(_ sequence: UInt64) throws(MeterClientError) {
        guard let dropped = shared.state.withLock({ $0.events.acknowledge(through: sequence) })
        else {
            let fault = ConnectionFault(.malformed, "ack of \(sequence), which was never sent")
            throw .badAnswer(fault)
        }
        shared.free(dropped)
    }

    private func reject(_ rejection: Rejection) throws(MeterClientError) {
        switch rejection.subject {
        case .request(.number(let number)):
            let call = shared.state.withLock { $0.calls.removeValue(forKey: number) }
            call?.complete(.failure(.rejected(rejection)))
        case .sequence where rejection.code == .sequenceGap:
            // The two sides disagree; a new welcome tells where to go on.
            throw .rejected(rejection)
        case .sequence, .id, .unknown, .request:
            notify(.rejected(rejection))
        }
    }

    /// Completes the call with this number; false when nobody waits for it.
    private func answered(_ request: RequestToken, _ answer: CallAnswer) -> Bool {
        guard case .number(let number) = request else { return true }
        let call = shared.state.withLock { $0.calls.removeValue(forKey: number) }
        call?.complete(.success(answer))
        return call != nil
    }

    /// A pong has no number: it answers the oldest ping.
    private func answerPing() {
        let call = shared.state.withLock { state -> PendingCall? in
            let pings = state.calls.filter { $0.value.call == .ping && $0.value.wasSent }
            guard let oldest = pings.keys.min() else { return nil }
            return state.calls.removeValue(forKey: oldest)
        }
        call?.complete(.success(.done))
    }
}
