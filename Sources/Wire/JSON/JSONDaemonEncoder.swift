import Quantities

/// Encodes what the daemon says as JSON lines.
///
/// Cost:        `ack`, `granted` and `released` allocate nothing once the buffer has its size.
public struct JSONDaemonEncoder: Sendable {
    /// Makes an encoder.
    public init() {}

    /// Appends one message as one line.
    ///
    /// - Parameters:
    ///   - message: What to say.
    ///   - buffer: Where the line goes.
    public func append(_ message: DaemonMessage, to buffer: inout WireBuffer) {
        switch message {
        case .welcome(let welcome):
            buffer.beginLine("welcome")
            buffer.field(.version, number: welcome.version)
            buffer.field(.daemon, text: welcome.daemon)
            buffer.field(.lastSequence, number: welcome.lastSequence)
            buffer.endLine()
        case .ack(let ack): append(ack, to: &buffer)
        case .rejected(let rejection): append(rejection, &buffer)
        case .granted(let granted): append(granted, to: &buffer)
        case .refused(let refused): append(refused, &buffer)
        case .released(let released):
            buffer.beginLine("released")
            buffer.request(released.request)
            buffer.field(.hold, hold: released.hold)
            buffer.endLine()
        case .subscribed(let subscribed): append(subscribed, &buffer)
        case .cutoff(let cutoff): append(cutoff, as: "cutoff", &buffer)
        case .restored(let cutoff): append(cutoff, as: "restored", &buffer)
        case .order(let order):
            buffer.beginLine("order")
            buffer.field(.order, number: order.order)
            buffer.field(.deployment, text: order.deployment)
            buffer.field(.action, word: order.action.name)
            buffer.field(.reason, text: order.reason)
            buffer.endLine()
        case .pong:
            buffer.beginLine("pong")
            buffer.endLine()
        case .error(let fault):
            buffer.beginLine("error")
            buffer.field(.code, word: fault.code.name)
            buffer.field(.message, text: fault.message)
            buffer.endLine()
        }
    }

    /// Appends an acknowledgement.
    ///
    /// - Parameters:
    ///   - ack: What is safe.
    ///   - buffer: Where the line goes.
    public func append(_ ack: Ack, to buffer: inout WireBuffer) {
        buffer.beginLine("ack")
        switch ack {
        case .sequence(let sequence): buffer.field(.sequence, number: sequence)
        case .id(let id): buffer.field(.id, short: id)
        }
        buffer.endLine()
    }

    /// Appends a grant.
    ///
    /// - Parameters:
    ///   - granted: What is granted.
    ///   - buffer: Where the line goes.
    public func append(_ granted: Granted, to buffer: inout WireBuffer) {
        buffer.beginLine("granted")
        buffer.request(granted.request)
        buffer.field(.hold, hold: granted.hold)
        buffer.field(.amount, amount: granted.amount)
        buffer.field(.validMs, number: granted.validMilliseconds)
        buffer.field(.isFinal, bool: granted.isFinal)
        buffer.field(.outputTokens, number: granted.outputTokens)
        buffer.endLine()
    }

    private func append(_ rejection: Rejection, _ buffer: inout WireBuffer) {
        buffer.beginLine("rejected")
        switch rejection.subject {
        case .unknown: break
        case .sequence(let sequence): buffer.field(.sequence, number: sequence)
        case .request(let request): buffer.request(request)
        case .id(let id): buffer.field(.id, short: id)
        }
        buffer.field(.code, word: rejection.code.name)
        buffer.field(.message, text: rejection.message)
        buffer.endLine()
    }

    private func append(_ refused: Refused, _ buffer: inout WireBuffer) {
        buffer.beginLine("refused")
        buffer.request(refused.request)
        if let hold = refused.hold { buffer.field(.hold, hold: hold) }
        buffer.field(.status, number: refused.status)
        buffer.key(.error)
        refused.body.append(to: &buffer)
        if let limit = refused.limit { append(limit, &buffer) }
        buffer.endLine()
    }

    private func append(_ limit: RefusalLimit, _ buffer: inout WireBuffer) {
        buffer.key(.limit)
        buffer.append("{\"name\":\"")
        buffer.append(limit.name.name)
        buffer.append("\"")
        buffer.field(.scope, word: limit.scope.name)
        if let id = limit.id { buffer.field(.id, text: id) }
        if let period = limit.period { buffer.field(.period, word: period.name) }
        buffer.field(.amount, amount: limit.amount)
        buffer.field(.spent, amount: limit.spent)
        buffer.field(.held, amount: limit.held)
        if let resetsAt = limit.resetsAt { buffer.field(.resetsAt, time: resetsAt) }
        buffer.append("}")
    }

    private func append(_ subscribed: Subscribed, _ buffer: inout WireBuffer) {
        buffer.beginLine("subscribed")
        buffer.topics(subscribed.topics)
        buffer.key(.cutoffs)
        buffer.append("[")
        for (index, cutoff) in subscribed.cutoffs.enumerated() {
            buffer.append(index == 0 ? "{\"scope\":\"" : ",{\"scope\":\"")
            buffer.append(cutoff.scope.name)
            buffer.append("\"")
            append(rest: cutoff, &buffer)
            buffer.append("}")
        }
        buffer.append("]")
        buffer.field(.isComplete, bool: subscribed.isComplete)
        buffer.endLine()
    }

    private func append(_ cutoff: Cutoff, as type: StaticString, _ buffer: inout WireBuffer) {
        buffer.beginLine(type)
        buffer.field(.scope, word: cutoff.scope.name)
        append(rest: cutoff, &buffer)
        buffer.endLine()
    }

    private func append(rest cutoff: Cutoff, _ buffer: inout WireBuffer) {
        buffer.field(.id, text: cutoff.id)
        buffer.field(.reason, text: cutoff.reason)
        buffer.field(.at, time: cutoff.at)
    }
}
