import Quantities

/// Decodes what the daemon sends in binary, for clients.
///
/// Codes that this version does not know become `malformed`, and a limit that it does not know is
/// left out: newer daemons stay understandable.
public struct BinaryDaemonDecoder: Sendable {
    /// Makes a decoder.
    public init() {}

    /// Decodes a frame that the framer found.
    ///
    /// - Parameters:
    ///   - header: The frame's header.
    ///   - frame: The whole frame with its header.
    /// - Returns: What the bytes hold.
    /// - Throws: `ConnectionFault` when the frame is no message of the daemon.
    public func decode(
        _ header: FrameHeader,
        _ frame: RawSpan
    ) throws(ConnectionFault) -> DaemonMessage {
        let payload = frame.extracting(FrameHeader.size..<frame.byteCount)
        switch header.type {
        case .welcome: return .welcome(try welcome(payload))
        case .ack: return .ack(try ack(payload))
        case .rejected: return .rejected(try rejected(payload))
        case .granted: return .granted(try granted(payload))
        case .refused: return .refused(try refused(payload))
        case .released: return .released(try released(payload))
        case .subscribed: return .subscribed(try subscribed(payload, Int(header.count)))
        case .cutoff:
            var offset = 0
            return .cutoff(try cutoff(payload, &offset))
        case .restored:
            var offset = 0
            return .restored(try cutoff(payload, &offset))
        case .order: return .order(try order(payload))
        case .pong: return .pong
        case .error: return .error(try fault(payload))
        case .hello, .name, .usage, .heartbeat, .authorize, .extend, .release, .subscribe,
            .orderDone, .ping, .authorizeMachine, nil:
            throw ConnectionFault(
                .unknownType,
                "frame type 0x\(String(header.rawType, radix: 16)) is not one that the daemon sends"
            )
        }
    }

    private func welcome(_ payload: RawSpan) throws(ConnectionFault) -> Welcome {
        typealias Layout = BinaryLayout.Welcome
        try require(payload, Layout.daemon)
        var texts = Texts(offset: Layout.daemon)
        return Welcome(
            daemon: try texts.next(Int(payload.byte(Layout.daemonLength)), payload),
            lastSequence: payload.u64(Layout.lastSequence),
            version: payload.u16(Layout.version)
        )
    }

    private func ack(_ payload: RawSpan) throws(ConnectionFault) -> Ack {
        typealias Layout = BinaryLayout.Ack
        try require(payload, Layout.id)
        let length = Int(payload.byte(Layout.idLength))
        guard length > 0 else { return .sequence(payload.u64(Layout.sequence)) }
        return .id(try shortText(payload, Layout.id, length))
    }

    private func rejected(_ payload: RawSpan) throws(ConnectionFault) -> Rejection {
        typealias Layout = BinaryLayout.Rejected
        try require(payload, Layout.texts)
        let idLength = Int(payload.byte(Layout.idLength))
        let subject: Rejection.Subject
        switch payload.byte(Layout.subject) {
        case Layout.subjectSequence: subject = .sequence(payload.u64(Layout.number))
        case Layout.subjectRequest: subject = .request(.number(payload.u64(Layout.number)))
        case Layout.subjectId: subject = .id(try shortText(payload, Layout.texts, idLength))
        default: subject = .unknown
        }
        var texts = Texts(offset: Layout.texts + idLength)
        return Rejection(
            RejectionCode(rawValue: payload.byte(Layout.code)) ?? .malformed,
            subject: subject,
            message: try texts.next(Int(payload.u16(Layout.messageLength)), payload)
        )
    }

    private func granted(_ payload: RawSpan) throws(ConnectionFault) -> Granted {
        typealias Layout = BinaryLayout.Granted
        try require(payload, Layout.size)
        return Granted(
            request: .number(payload.u64(Layout.request)),
            hold: HoldNumber(
                org: OrgNumber(payload.u32(Layout.holdOrg)),
                serial: payload.u64(Layout.holdSerial)
            ),
            amount: Amount(units: payload.i128(Layout.amount)),
            validMilliseconds: payload.u32(Layout.valid),
            isFinal: payload.byte(Layout.flags) & Layout.isFinal != 0,
            outputTokens: payload.u32(Layout.outputTokens)
        )
    }

    private func released(_ payload: RawSpan) throws(ConnectionFault) -> Released {
        typealias Layout = BinaryLayout.Release
        try require(payload, Layout.size)
        let hasRequest = payload.byte(Layout.flags) & Layout.hasRequest != 0
        return Released(
            hold: HoldNumber(
                org: OrgNumber(payload.u32(Layout.holdOrg)),
                serial: payload.u64(Layout.holdSerial)
            ),
            request: hasRequest ? .number(payload.u64(Layout.request)) : .absent
        )
    }

    private func refused(_ payload: RawSpan) throws(ConnectionFault) -> Refused {
        typealias Layout = BinaryLayout.Refused
        try require(payload, Layout.texts)
        var texts = Texts(offset: Layout.texts)
        let body = RefusalBody(
            message: try texts.next(Int(payload.u16(Layout.messageLength)), payload),
            type: try texts.next(Int(payload.byte(Layout.typeLength)), payload),
            code: try texts.next(Int(payload.byte(Layout.codeLength)), payload)
        )
        let id = try texts.next(Int(payload.byte(Layout.limitIdLength)), payload)
        let serial = payload.u64(Layout.holdSerial)
        return Refused(
            request: .number(payload.u64(Layout.request)),
            hold: serial == 0
                ? nil : HoldNumber(org: OrgNumber(payload.u32(Layout.holdOrg)), serial: serial),
            status: payload.u16(Layout.status),
            body: body,
            limit: limit(payload, id)
        )
    }

    private func limit(_ payload: RawSpan, _ id: String) -> RefusalLimit? {
        typealias Layout = BinaryLayout.Refused
        let rawName = payload.byte(Layout.limitName)
        guard let name = RefusalLimit.Name(rawValue: rawName) else { return nil }
        let resets = payload.byte(Layout.flags) & Layout.hasResetsAt != 0
        return RefusalLimit(
            name,
            id: id.isEmpty ? nil : id,
            amount: Amount(units: payload.i128(Layout.amount)),
            spent: Amount(units: payload.i128(Layout.spent)),
            held: Amount(units: payload.i128(Layout.held)),
            period: CapPeriod(rawValue: payload.byte(Layout.period)),
            resetsAt: resets
                ? Timestamp(microseconds: Int64(bitPattern: payload.u64(Layout.resetsAt))) : nil
        )
    }

    private func subscribed(
        _ payload: RawSpan,
        _ count: Int
    ) throws(ConnectionFault) -> Subscribed {
        typealias Layout = BinaryLayout.Subscribed
        try require(payload, Layout.records)
        var cutoffs: [Cutoff] = []
        var offset = Layout.records
        for _ in 0..<count { cutoffs.append(try cutoff(payload, &offset)) }
        return Subscribed(
            topics: Topics(rawValue: payload.byte(Layout.topics) & Topics.all.rawValue),
            cutoffs: cutoffs,
            isComplete: payload.byte(Layout.isComplete) != 0
        )
    }

    private func cutoff(
        _ payload: RawSpan,
        _ offset: inout Int
    ) throws(ConnectionFault) -> Cutoff {
        typealias Layout = BinaryLayout.Cutoff
        try require(payload, offset + Layout.texts)
        let rawScope = payload.byte(offset + Layout.scope)
        guard let scope = LimitScope(rawValue: rawScope) else {
            throw ConnectionFault(.malformed, "cutoff scope \(rawScope) is unknown")
        }
        var texts = Texts(offset: offset + Layout.texts)
        let cutoff = Cutoff(
            scope: scope,
            id: try texts.next(Int(payload.byte(offset + Layout.idLength)), payload),
            reason: try texts.next(Int(payload.byte(offset + Layout.reasonLength)), payload),
            at: Timestamp(microseconds: Int64(bitPattern: payload.u64(offset + Layout.at)))
        )
        let length = Int(payload.u16(offset + Layout.recordLength))
        guard length >= texts.offset - offset, offset + length <= payload.byteCount else {
            throw ConnectionFault(.malformed, "a cutoff record does not fit its frame")
        }
        offset += length
        return cutoff
    }

    private func order(_ payload: RawSpan) throws(ConnectionFault) -> Order {
        typealias Layout = BinaryLayout.Order
        try require(payload, Layout.texts)
        let rawAction = payload.byte(Layout.action)
        guard let action = Order.Action(rawValue: rawAction) else {
            throw ConnectionFault(.malformed, "order action \(rawAction) is unknown")
        }
        var texts = Texts(offset: Layout.texts)
        return Order(
            order: payload.u64(Layout.order),
            deployment: try texts.next(Int(payload.byte(Layout.deploymentLength)), payload),
            action: action,
            reason: try texts.next(Int(payload.byte(Layout.reasonLength)), payload)
        )
    }

    private func fault(_ payload: RawSpan) throws(ConnectionFault) -> ConnectionFault {
        typealias Layout = BinaryLayout.Error
        try require(payload, Layout.message)
        var texts = Texts(offset: Layout.message)
        return ConnectionFault(
            ConnectionFault.Code(rawValue: payload.byte(Layout.code)) ?? .malformed,
            try texts.next(Int(payload.u16(Layout.messageLength)), payload)
        )
    }

    private func shortText(
        _ payload: RawSpan,
        _ offset: Int,
        _ length: Int
    ) throws(ConnectionFault) -> ShortText {
        try require(payload, offset + length)
        let range = ByteRange(offset: UInt32(offset), length: UInt32(length))
        guard let text = ShortText(range, in: payload) else {
            throw ConnectionFault(.malformed, "an id of \(length) bytes is too long")
        }
        return text
    }

    private func require(_ payload: RawSpan, _ size: Int) throws(ConnectionFault) {
        guard payload.byteCount >= size else {
            throw ConnectionFault(
                .malformed,
                "a payload of \(payload.byteCount) bytes is too short; it needs \(size)"
            )
        }
    }

    /// The texts behind a fixed part, one after another.
    private struct Texts {
        var offset: Int

        mutating func next(_ length: Int, _ payload: RawSpan) throws(ConnectionFault) -> String {
            guard offset + length <= payload.byteCount else {
                throw ConnectionFault(.malformed, "a text ends after its frame")
            }
            defer { offset += length }
            return ByteRange(offset: UInt32(offset), length: UInt32(length)).text(in: payload)
        }
    }
}
