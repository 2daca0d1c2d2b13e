import Dispatch
import Quantities
import Synchronization
import Wire

/// Calls that wait for their answer.
extension MeterStream {
    /// Asks whether a request may run, and holds what it may cost.
    ///
    /// A grant that comes after the time is up is given back.
    ///
    /// - Parameters:
    ///   - call: What is asked.
    ///   - timeout: How long to wait, also for a connection.
    /// - Returns: Granted or refused.
    /// - Throws: `MeterClientError` when there is no answer, or the message was rejected.
    public func authorize(
        _ call: AuthorizeCall,
        timeout: Duration = .seconds(1)
    ) throws(MeterClientError) -> AuthorizeOutcome {
        try outcome(of: .authorize(call), timeout)
    }

    /// Asks for more on a hold, and tells what has been used so far.
    ///
    /// - Parameters:
    ///   - hold: The hold to extend.
    ///   - tokens: What has been used so far, since the request began.
    ///   - maxOutputTokens: The most output tokens that the whole request can use.
    ///   - timeout: How long to wait.
    /// - Returns: Granted or refused.
    /// - Throws: `MeterClientError` when there is no answer, or the message was rejected.
    public func extend(
        _ hold: HoldNumber,
        used tokens: TokenCounts,
        maxOutputTokens: UInt32? = nil,
        timeout: Duration = .seconds(1)
    ) throws(MeterClientError) -> AuthorizeOutcome {
        try outcome(of: .extend(hold, tokens, maxOutputTokens: maxOutputTokens), timeout)
    }

    /// Reports what a held request really used; the hold goes.
    ///
    /// - Parameters:
    ///   - hold: The hold to settle.
    ///   - event: What was used.
    /// - Throws: `MeterClientError` when a text cannot be sent, or the stream is closed.
    public func settle(_ hold: HoldNumber, with event: UsageEvent) throws(MeterClientError) {
        var event = event
        event.hold = hold
        try send(event)
    }

    /// Gives a hold back: nothing was used.
    ///
    /// - Parameters:
    ///   - hold: The hold to give back.
    ///   - timeout: How long to wait.
    /// - Throws: `MeterClientError` when there is no answer, or the message was rejected.
    public func release(
        _ hold: HoldNumber,
        timeout: Duration = .seconds(1)
    ) throws(MeterClientError) {
        _ = try answer(to: .release(hold), timeout)
    }

    /// Asks whether meterd answers.
    ///
    /// - Parameter timeout: How long to wait.
    /// - Throws: `MeterClientError` when there is no answer.
    public func ping(timeout: Duration = .seconds(1)) throws(MeterClientError) {
        _ = try answer(to: .ping, timeout)
    }

    /// Asks whether a request may run, without blocking a thread.
    ///
    /// - Parameters:
    ///   - call: What is asked.
    ///   - timeout: How long to wait, also for a connection.
    /// - Returns: Granted or refused.
    /// - Throws: `MeterClientError` when there is no answer, or the message was rejected.
    public func authorized(
        _ call: AuthorizeCall,
        timeout: Duration = .seconds(1)
    ) async throws(MeterClientError) -> AuthorizeOutcome {
        let call = Call.authorize(call)
        try EventText.check(call)
        let result = await withCheckedContinuation { continuation in
            start(call, timeout: timeout) { continuation.resume(returning: $0) }
        }
        return try Self.outcome(result.get())
    }

    private func outcome(
        of call: Call,
        _ timeout: Duration
    ) throws(MeterClientError) -> AuthorizeOutcome {
        try Self.outcome(try answer(to: call, timeout))
    }

    private func answer(
        to call: Call,
        _ timeout: Duration
    ) throws(MeterClientError) -> CallAnswer {
        try EventText.check(call)
        let box = AnswerBox()
        start(call, timeout: timeout) { box.put($0) }
        return try box.take().get()
    }

    private static func outcome(
        _ answer: CallAnswer
    ) throws(MeterClientError) -> AuthorizeOutcome {
        switch answer {
        case .outcome(let outcome): return outcome
        case .done:
            throw .badAnswer(ConnectionFault(.unknownType, "released answers no authorize"))
        }
    }
}

/// Where a waiting thread finds its answer.
private final class AnswerBox: Sendable {
    private let result = Mutex<Result<CallAnswer, MeterClientError>>(.failure(.timedOut))
    private let done = DispatchSemaphore(value: 0)

    func put(_ answer: Result<CallAnswer, MeterClientError>) {
        result.withLock { $0 = answer }
        done.signal()
    }

    /// Waits without a time-out of its own: the stream ends every call at its deadline.
    func take() -> Result<CallAnswer, MeterClientError> {
        done.wait()
        return result.withLock { $0 }
    }
}
