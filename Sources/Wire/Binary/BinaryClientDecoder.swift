import Quantities

/// What a client's frame or line holds.
public enum ClientStep: Sendable, Hashable {
    /// A message.
    case message(ClientMessage)
    /// The message is wrong, the connection is not.
    case rejected(Rejection)
    /// The connection is at fault.
    case fault(ConnectionFault)
    /// A blank line.
    case nothing
}

/// What a client's binary frame holds.
public enum ClientFrame: Sendable {
    /// One message, a blank, a rejection or a fault.
    case single(ClientStep)
    /// Usage records, to be read one by one.
    case usage(UsageFrameReader)
    /// Heartbeat records, to be read one by one.
    case heartbeats(HeartbeatFrameReader)
}

/// Decodes what a client sends in binary; one for each connection, as it counts the names.
public struct BinaryClientDecoder: Sendable {
    /// How many names the connection has interned.
    public private(set) var names = NameCounts()

    /// Starts a connection without names.
    public init() {}

    /// Decodes a frame that the framer found.
    ///
    /// Texts in the result are ranges of `frame`.
    ///
    /// - Parameters:
    ///   - header: The frame's header.
    ///   - frame: The whole frame with its header.
    /// - Returns: What the bytes hold.
    public mutating func decode(_ header: FrameHeader, _ frame: RawSpan) -> ClientFrame {
        switch header.type {
        case .usage: .usage(UsageFrameReader(header: header, names: names))
        case .heartbeat: .heartbeats(HeartbeatFrameReader(header: header, names: names))
        case .hello: .single(hello(frame))
        case .name: .single(name(frame))
        case .authorize: .single(authorize(frame))
        case .authorizeMachine: .single(authorizeMachine(frame))
        case .extend: .single(extend(frame))
        case .release: .single(release(frame))
        case .subscribe: .single(subscribe(frame))
        case .orderDone: .single(orderDone(frame))
        case .ping:
            .single(payload(frame, is: 0, "ping") ?? .message(.ping))
        case .welcome, .ack, .rejected, .granted, .refused, .released, .subscribed, .cutoff,
            .restored, .order, .pong, .error, nil:
            .single(.unknownType(header.rawType))
        }
    }

    private func hello(_ frame: RawSpan) -> ClientStep {
        typealias Layout = BinaryLayout.Hello
        let base = FrameHeader.size
        if let fault = payload(frame, atLeast: Layout.producer, "hello") { return fault }
        let version = frame.u16(base + Layout.version)
        guard version == WireEncoding.version else { return .unsupportedVersion(UInt64(version)) }
        let length = Int(frame.byte(base + Layout.producerLength))
        if let fault = payload(frame, is: Layout.producer + length, "hello") { return fault }
        let rawDurability = frame.byte(base + Layout.durability)
        guard let durability = Durability(rawValue: rawDurability) else {
            return .malformedFrame("durability \(rawDurability) in a hello frame is unknown")
        }
        guard frame.u32(base + Layout.reserved) == 0 else { return .reservedBytes("hello") }
        let producer = ByteRange(
            offset: UInt32(base + Layout.producer),
            length: UInt32(length)
        )
        return .message(.hello(Hello(producer: producer, durability: durability)))
            .checked(producer, "producer", in: frame)
    }

    private mutating func name(_ frame: RawSpan) -> ClientStep {
        typealias Layout = BinaryLayout.Name
        let base = FrameHeader.size
        if let fault = payload(frame, atLeast: Layout.text, "name") { return fault }
        let length = Int(frame.byte(base + Layout.length))
        if let fault = payload(frame, is: Layout.text + length, "name") { return fault }
        let rawKind = frame.byte(base + Layout.kind)
        guard let kind = NameKind(rawValue: rawKind) else {
            return .malformedFrame("name kind \(rawKind) is unknown")
        }
        guard frame.u16(base + Layout.reserved) == 0 else { return .reservedBytes("name") }
        let index = frame.u32(base + Layout.index)
        guard index == names[kind], index < NameCounts.maximumPerKind else {
            return .fault(
                ConnectionFault(
                    .unknownName,
                    "name index \(index) of kind \(rawKind) is out of order; \(names[kind]) is "
                        + "next, and there are at most \(NameCounts.maximumPerKind)"
                )
            )
        }
        let text = ByteRange(offset: UInt32(base + Layout.text), length: UInt32(length))
        guard length > 0, TextRules.isClean(frame, text.bounds) else {
            return .malformedFrame("a name is 1 to 255 bytes of UTF-8 without control characters")
        }
        names[kind] += 1
        return .message(.name(NameDefinition(kind: kind, index: index, text: text)))
    }

    private func authorize(_ frame: RawSpan) -> ClientStep {
        typealias Layout = BinaryLayout.Authorize
        let base = FrameHeader.size
        if let fault = payload(frame, is: Layout.size, "authorize") { return fault }
        let flags = frame.byte(base + Layout.flags)
        guard frame.u32(base + Layout.flags) & ~UInt32(Layout.allFlags) == 0 else {
            return .reservedBytes("authorize")
        }
        let isOrg = flags & Layout.accountIsOrg != 0
        let account = frame.u32(base + Layout.account)
        let project = frame.u32(base + Layout.project)
        let model = frame.u32(base + Layout.model)
        let provider = frame.u32(base + Layout.provider)
        guard account < (isOrg ? names.org : names.key), model < names.model,
            project < names.project || project == BinaryLayout.noName,
            provider < names.provider || provider == BinaryLayout.noName
        else {
            return .fault(
                ConnectionFault(.unknownName, "authorize uses an index that no name frame defined")
            )
        }
        var request = AuthorizeRequest(
            request: .number(frame.u64(base + Layout.request)),
            accountKind: isOrg ? .org : .key,
            account: .index(account),
            model: .index(model)
        )
        if project != BinaryLayout.noName { request.project = .index(project) }
        if provider != BinaryLayout.noName { request.provider = .index(provider) }
        if flags & Layout.hasMaxInput != 0 {
            request.maxInputTokens = frame.u32(base + Layout.maxInput)
        }
        if flags & Layout.hasMaxOutput != 0 {
            request.maxOutputTokens = frame.u32(base + Layout.maxOutput)
        }
        if flags & Layout.hasTtl != 0 { request.ttlMilliseconds = frame.u32(base + Layout.ttl) }
        return .message(.authorize(request))
    }

    private func authorizeMachine(_ frame: RawSpan) -> ClientStep {
        typealias Layout = BinaryLayout.AuthorizeMachine
        let base = FrameHeader.size
        if let fault = payload(frame, atLeast: Layout.deployment, "authorize of a machine") {
            return fault
        }
        let flags = frame.byte(base + Layout.flags)
        let length = Int(frame.byte(base + Layout.deploymentLength))
        guard flags & ~Layout.allFlags == 0, frame.u64(base + Layout.flags) >> 16 == 0 else {
            return .reservedBytes("authorize of a machine")
        }
        if let fault = payload(frame, is: Layout.deployment + length, "authorize of a machine") {
            return fault
        }
        let isOrg = flags & Layout.accountIsOrg != 0
        let account = frame.u32(base + Layout.account)
        let project = frame.u32(base + Layout.project)
        let machine = frame.u32(base + Layout.machine)
        guard account < (isOrg ? names.org : names.key), machine < names.machine,
            project < names.project || project == BinaryLayout.noName
        else {
            return .fault(
                ConnectionFault(.unknownName, "authorize uses an index that no name frame defined")
            )
        }
        var request = MachineAuthorizeRequest(
            request: .number(frame.u64(base + Layout.request)),
            accountKind: isOrg ? .org : .key,
            account: .index(account),
            machine: .index(machine),
            deployment: ByteRange(offset: UInt32(base + Layout.deployment), length: UInt32(length))
        )
        if project != BinaryLayout.noName { request.project = .index(project) }
        if flags & Layout.hasVcpu != 0 { request.vcpuThousandths = frame.u32(base + Layout.vcpu) }
        if flags & Layout.hasMemory != 0 {
            request.memoryThousandths = frame.u32(base + Layout.memory)
        }
        if flags & Layout.hasStorage != 0 {
            request.storageThousandths = frame.u32(base + Layout.storage)
        }
        var checks = ValueChecks()
        checks.require(request.deployment, "deployment", in: frame)
        let rejection = checks.rejection(subject: .request(request.request))
        return rejection.map { .rejected($0) } ?? .message(.authorizeMachine(request))
    }

    private func extend(_ frame: RawSpan) -> ClientStep {
        typealias Layout = BinaryLayout.Extend
        let base = FrameHeader.size
        if let fault = payload(frame, is: Layout.size, "extend") { return fault }
        let flags = frame.u32(base + Layout.flags)
        guard flags & ~UInt32(Layout.hasMaxOutput) == 0 else { return .reservedBytes("extend") }
        let request = ExtendRequest(
            request: .number(frame.u64(base + Layout.request)),
            hold: HoldNumber(
                org: OrgNumber(frame.u32(base + Layout.holdOrg)),
                serial: frame.u64(base + Layout.holdSerial)
            ),
            tokens: TokenCounts(
                input: frame.u32(base + Layout.input),
                cacheRead: frame.u32(base + Layout.cacheRead),
                cacheWrite: frame.u32(base + Layout.cacheWrite),
                output: frame.u32(base + Layout.output),
                reasoning: frame.u32(base + Layout.reasoning)
            ),
            maxOutputTokens: flags == 0 ? nil : frame.u32(base + Layout.maxOutput)
        )
        var checks = ValueChecks()
        checks.check(request.hold)
        checks.check(request.tokens)
        let rejection = checks.rejection(subject: .request(request.request))
        return rejection.map { .rejected($0) } ?? .message(.extend(request))
    }

    private func release(_ frame: RawSpan) -> ClientStep {
        typealias Layout = BinaryLayout.Release
        let base = FrameHeader.size
        if let fault = payload(frame, is: Layout.size, "release") { return fault }
        let flags = frame.u32(base + Layout.flags)
        guard flags & ~UInt32(Layout.hasRequest) == 0 else { return .reservedBytes("release") }
        let request = ReleaseRequest(
            hold: HoldNumber(
                org: OrgNumber(frame.u32(base + Layout.holdOrg)),
                serial: frame.u64(base + Layout.holdSerial)
            ),
            request: flags == 0 ? .absent : .number(frame.u64(base + Layout.request))
        )
        var checks = ValueChecks()
        checks.check(request.hold)
        let subject: Rejection.Subject = flags == 0 ? .unknown : .request(request.request)
        return checks.rejection(subject: subject).map { .rejected($0) }
            ?? .message(.release(request))
    }

    private func subscribe(_ frame: RawSpan) -> ClientStep {
        if let fault = payload(frame, is: BinaryLayout.Subscribe.size, "subscribe") { return fault }
        let bits = frame.u64(FrameHeader.size)
        guard bits & ~UInt64(Topics.all.rawValue) == 0 else { return .reservedBytes("subscribe") }
        return .message(.subscribe(Topics(rawValue: UInt8(bits))))
    }

    private func orderDone(_ frame: RawSpan) -> ClientStep {
        if let fault = payload(frame, is: BinaryLayout.OrderDone.size, "order_done") {
            return fault
        }
        return .message(.orderDone(OrderDone(order: frame.u64(FrameHeader.size))))
    }

    private func payload(_ frame: RawSpan, is size: Int, _ type: String) -> ClientStep? {
        let actual = frame.byteCount - FrameHeader.size
        guard actual != size else { return nil }
        return .malformedFrame("a payload of \(actual) bytes is no \(type); it would have \(size)")
    }

    private func payload(_ frame: RawSpan, atLeast size: Int, _ type: String) -> ClientStep? {
        let actual = frame.byteCount - FrameHeader.size
        guard actual < size else { return nil }
        return .malformedFrame("a payload of \(actual) bytes is too short for \(type)")
    }
}

extension ClientStep {
    static func malformedFrame(_ message: String) -> ClientStep {
        .fault(ConnectionFault(.malformed, message))
    }

    static func reservedBytes(_ type: String) -> ClientStep {
        malformedFrame("unknown flags or reserved bytes are set in a frame of type \(type)")
    }

    static func unknownType(_ type: UInt8) -> ClientStep {
        .fault(
            ConnectionFault(
                .unknownType,
                "frame type 0x\(String(type, radix: 16)) is not one that clients send"
            )
        )
    }

    static func unsupportedVersion(_ version: UInt64) -> ClientStep {
        .fault(
            ConnectionFault(
                .unsupportedVersion,
                "field \"protocol\": \(version) is not spoken here; this is \(WireEncoding.version)"
            )
        )
    }

    /// The step itself, or the fault of a producer's name.
    func checked(_ producer: ByteRange, _ field: String, in bytes: RawSpan) -> ClientStep {
        var checks = ValueChecks()
        checks.require(producer, field, limit: WireLimits.nameBytes, in: bytes)
        guard let rejection = checks.rejection(subject: .unknown) else { return self }
        return .fault(ConnectionFault(.malformed, rejection.message))
    }
}
