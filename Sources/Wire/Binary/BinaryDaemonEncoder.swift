import Quantities

/// Encodes what the daemon says in binary.
///
/// Cost:        `ack`, `granted` and `released` allocate nothing once the buffer has its size.
public struct BinaryDaemonEncoder: Sendable {
    /// Makes an encoder.
    public init() {}

    /// Appends one message as one frame.
    ///
    /// - Parameters:
    ///   - message: What to say; its request must be a number.
    ///   - buffer: Where the frame goes.
    public func append(_ message: DaemonMessage, to buffer: inout WireBuffer) {
        switch message {
        case .welcome(let welcome): append(welcome, &buffer)
        case .ack(let ack): append(ack, to: &buffer)
        case .rejected(let rejection): append(rejection, &buffer)
        case .granted(let granted): append(granted, to: &buffer)
        case .refused(let refused): append(refused, &buffer)
        case .released(let released):
            buffer.appendRelease(.released, released.request, released.hold)
        case .subscribed(let subscribed): append(subscribed, &buffer)
        case .cutoff(let cutoff): append(cutoff, as: .cutoff, &buffer)
        case .restored(let cutoff): append(cutoff, as: .restored, &buffer)
        case .order(let order): append(order, &buffer)
        case .pong: buffer.endFrame(buffer.beginFrame(.pong))
        case .error(let fault): append(fault, &buffer)
        }
    }

    /// Appends an acknowledgement.
    ///
    /// - Parameters:
    ///   - ack: What is safe.
    ///   - buffer: Where the frame goes.
    public func append(_ ack: Ack, to buffer: inout WireBuffer) {
        typealias Layout = BinaryLayout.Ack
        let frame = buffer.beginFrame(.ack)
        let base = buffer.appendZeros(Layout.id)
        switch ack {
        case .sequence(let sequence):
            buffer.store(sequence, at: base + Layout.sequence)
        case .id(let id):
            buffer.store(id.length, at: base + Layout.idLength)
            buffer.append(id)
        }
        buffer.endFrame(frame)
    }

    /// Appends a grant.
    ///
    /// - Parameters:
    ///   - granted: What is granted.
    ///   - buffer: Where the frame goes.
    public func append(_ granted: Granted, to buffer: inout WireBuffer) {
        typealias Layout = BinaryLayout.Granted
        let frame = buffer.beginFrame(.granted)
        let base = buffer.appendZeros(Layout.size)
        buffer.store(granted.request.binaryNumber, at: base + Layout.request)
        buffer.store(granted.hold.serial, at: base + Layout.holdSerial)
        buffer.store(granted.amount.units, at: base + Layout.amount)
        buffer.store(granted.hold.org.raw, at: base + Layout.holdOrg)
        buffer.store(granted.validMilliseconds, at: base + Layout.valid)
        buffer.store(granted.outputTokens, at: base + Layout.outputTokens)
        buffer.store(granted.isFinal ? Layout.isFinal : 0, at: base + Layout.flags)
        buffer.endFrame(frame)
    }

    private func append(_ welcome: Welcome, _ buffer: inout WireBuffer) {
        typealias Layout = BinaryLayout.Welcome
        let frame = buffer.beginFrame(.welcome)
        let base = buffer.appendZeros(Layout.daemon)
        buffer.store(welcome.version, at: base + Layout.version)
        buffer.store(welcome.lastSequence, at: base + Layout.lastSequence)
        let length = buffer.append(welcome.daemon, atMost: WireLimits.nameBytes)
        buffer.store(UInt8(length), at: base + Layout.daemonLength)
        buffer.endFrame(frame)
    }

    private func append(_ rejection: Rejection, _ buffer: inout WireBuffer) {
        typealias Layout = BinaryLayout.Rejected
        let frame = buffer.beginFrame(.rejected)
        let base = buffer.appendZeros(Layout.texts)
        buffer.store(rejection.code.rawValue, at: base + Layout.code)
        switch rejection.subject {
        case .unknown, .request(.absent):
            buffer.store(Layout.subjectUnknown, at: base + Layout.subject)
        case .sequence(let sequence):
            buffer.store(Layout.subjectSequence, at: base + Layout.subject)
            buffer.store(sequence, at: base + Layout.number)
        case .request(let request):
            buffer.store(Layout.subjectRequest, at: base + Layout.subject)
            buffer.store(request.binaryNumber, at: base + Layout.number)
        case .id(let id):
            buffer.store(Layout.subjectId, at: base + Layout.subject)
            buffer.store(id.length, at: base + Layout.idLength)
            buffer.append(id)
        }
        let length = buffer.append(rejection.message, atMost: Int(UInt16.max))
        buffer.store(UInt16(length), at: base + Layout.messageLength)
        buffer.endFrame(frame)
    }

    private func append(_ refused: Refused, _ buffer: inout WireBuffer) {
        typealias Layout = BinaryLayout.Refused
        let frame = buffer.beginFrame(.refused)
        let base = buffer.appendZeros(Layout.texts)
        buffer.store(refused.request.binaryNumber, at: base + Layout.request)
        if let hold = refused.hold {
            buffer.store(hold.serial, at: base + Layout.holdSerial)
            buffer.store(hold.org.raw, at: base + Layout.holdOrg)
        }
        buffer.store(refused.status, at: base + Layout.status)
        let message = buffer.append(refused.body.message, atMost: Int(UInt16.max))
        buffer.store(UInt16(message), at: base + Layout.messageLength)
        let type = buffer.append(refused.body.type, atMost: WireLimits.nameBytes)
        buffer.store(UInt8(type), at: base + Layout.typeLength)
        let code = buffer.append(refused.body.code, atMost: WireLimits.nameBytes)
        buffer.store(UInt8(code), at: base + Layout.codeLength)
        if let limit = refused.limit {
            buffer.store(limit.name.rawValue, at: base + Layout.limitName)
            buffer.store(limit.scope.rawValue, at: base + Layout.scope)
            buffer.store(limit.period?.rawValue ?? 0, at: base + Layout.period)
            let id = buffer.append(limit.id ?? "", atMost: WireLimits.nameBytes)
            buffer.store(UInt8(id), at: base + Layout.limitIdLength)
            buffer.store(limit.amount.units, at: base + Layout.amount)
            buffer.store(limit.spent.units, at: base + Layout.spent)
            buffer.store(limit.held.units, at: base + Layout.held)
            if let resetsAt = limit.resetsAt {
                buffer.store(Layout.hasResetsAt, at: base + Layout.flags)
                buffer.store(resetsAt.microseconds, at: base + Layout.resetsAt)
            }
        }
        buffer.endFrame(frame)
    }

    private func append(_ subscribed: Subscribed, _ buffer: inout WireBuffer) {
        typealias Layout = BinaryLayout.Subscribed
        invariant(
            subscribed.cutoffs.count <= Subscribed.cutoffsPerMessage,
            "a long list of cutoffs is sent in parts"
        )
        let frame = buffer.beginFrame(.subscribed, count: UInt32(subscribed.cutoffs.count))
        let base = buffer.appendZeros(Layout.records)
        buffer.store(subscribed.topics.rawValue, at: base + Layout.topics)
        buffer.store(UInt8(subscribed.isComplete ? 1 : 0), at: base + Layout.isComplete)
        for cutoff in subscribed.cutoffs { append(record: cutoff, &buffer) }
        buffer.endFrame(frame)
    }

    private func append(_ cutoff: Cutoff, as type: FrameType, _ buffer: inout WireBuffer) {
        let frame = buffer.beginFrame(type)
        append(record: cutoff, &buffer)
        buffer.endFrame(frame)
    }

    private func append(record cutoff: Cutoff, _ buffer: inout WireBuffer) {
        typealias Layout = BinaryLayout.Cutoff
        let base = buffer.appendZeros(Layout.texts)
        buffer.store(cutoff.scope.rawValue, at: base + Layout.scope)
        buffer.store(cutoff.at.microseconds, at: base + Layout.at)
        let id = buffer.append(cutoff.id, atMost: WireLimits.nameBytes)
        buffer.store(UInt8(id), at: base + Layout.idLength)
        let reason = buffer.append(cutoff.reason, atMost: WireLimits.nameBytes)
        buffer.store(UInt8(reason), at: base + Layout.reasonLength)
        let used = Layout.texts + id + reason
        _ = buffer.appendZeros(used.paddedToRecord - used)
        buffer.store(UInt16(used.paddedToRecord), at: base + Layout.recordLength)
    }

    private func append(_ order: Order, _ buffer: inout WireBuffer) {
        typealias Layout = BinaryLayout.Order
        let frame = buffer.beginFrame(.order)
        let base = buffer.appendZeros(Layout.texts)
        buffer.store(order.order, at: base + Layout.order)
        buffer.store(order.action.rawValue, at: base + Layout.action)
        let deployment = buffer.append(order.deployment, atMost: WireLimits.nameBytes)
        buffer.store(UInt8(deployment), at: base + Layout.deploymentLength)
        let reason = buffer.append(order.reason, atMost: WireLimits.nameBytes)
        buffer.store(UInt8(reason), at: base + Layout.reasonLength)
        buffer.endFrame(frame)
    }

    private func append(_ fault: ConnectionFault, _ buffer: inout WireBuffer) {
        typealias Layout = BinaryLayout.Error
        let frame = buffer.beginFrame(.error)
        let base = buffer.appendZeros(Layout.message)
        buffer.store(fault.code.rawValue, at: base + Layout.code)
        let length = buffer.append(fault.message, atMost: Int(UInt16.max))
        buffer.store(UInt16(length), at: base + Layout.messageLength)
        buffer.endFrame(frame)
    }
}

extension WireBuffer {
    /// Appends a short text.
    mutating func append(_ text: ShortText) {
        let start = appendZeros(Int(text.length))
        for index in 0..<Int(text.length) { store(text[index], at: start + index) }
    }

    /// Appends a string's UTF-8, cut between characters when it is too long; returns its length.
    mutating func append(_ text: String, atMost limit: Int) -> Int {
        let start = count
        append(utf8: text)
        guard count - start > limit else { return count - start }
        var end = start + limit
        // A byte 10xxxxxx continues a character: the cut goes before the character's first byte.
        withBytes { bytes in
            while end > start, bytes.byte(end) & 0xC0 == 0x80 { end -= 1 }
        }
        truncate(to: end)
        return end - start
    }
}
