import Quantities

/// Encodes what a client says in binary.
///
/// Names must be interned indexes and requests numbers.
public struct BinaryClientEncoder: Sendable {
    /// Makes an encoder.
    public init() {}

    /// Appends one message as one frame; many usage records go better through `UsageBatchEncoder`.
    ///
    /// - Parameters:
    ///   - message: What to say.
    ///   - texts: What the message's ranges belong to.
    ///   - buffer: Where the frame goes.
    public func append(_ message: ClientMessage, texts: RawSpan, to buffer: inout WireBuffer) {
        switch message {
        case .hello(let hello): append(hello, texts, &buffer)
        case .name(let name): append(name, texts, &buffer)
        case .usage(let report):
            var batch = UsageBatchEncoder(in: &buffer)
            invariant(batch.append(report, texts: texts, to: &buffer), "one record fits a frame")
            batch.finish(&buffer)
        case .heartbeat(let report): append(report, texts, &buffer)
        case .authorize(let request): append(request, &buffer)
        case .authorizeMachine(let request): append(request, texts, &buffer)
        case .extend(let request): append(request, &buffer)
        case .release(let request):
            buffer.appendRelease(.release, request.request, request.hold)
        case .subscribe(let topics):
            let frame = buffer.beginFrame(.subscribe)
            let base = buffer.appendZeros(BinaryLayout.Subscribe.size)
            buffer.store(topics.rawValue, at: base)
            buffer.endFrame(frame)
        case .orderDone(let done):
            let frame = buffer.beginFrame(.orderDone)
            let base = buffer.appendZeros(BinaryLayout.OrderDone.size)
            buffer.store(done.order, at: base)
            buffer.endFrame(frame)
        case .ping:
            buffer.endFrame(buffer.beginFrame(.ping))
        }
    }

    private func append(_ hello: Hello, _ texts: RawSpan, _ buffer: inout WireBuffer) {
        typealias Layout = BinaryLayout.Hello
        let frame = buffer.beginFrame(.hello)
        let base = buffer.appendZeros(Layout.producer)
        buffer.store(hello.version, at: base + Layout.version)
        buffer.store(hello.durability.rawValue, at: base + Layout.durability)
        buffer.store(hello.producer.nameLength, at: base + Layout.producerLength)
        buffer.append(texts.extracting(hello.producer.bounds))
        buffer.endFrame(frame)
    }

    private func append(_ name: NameDefinition, _ texts: RawSpan, _ buffer: inout WireBuffer) {
        typealias Layout = BinaryLayout.Name
        let frame = buffer.beginFrame(.name)
        let base = buffer.appendZeros(Layout.text)
        buffer.store(name.kind.rawValue, at: base + Layout.kind)
        buffer.store(name.text.nameLength, at: base + Layout.length)
        buffer.store(name.index, at: base + Layout.index)
        buffer.append(texts.extracting(name.text.bounds))
        buffer.endFrame(frame)
    }

    private func append(_ report: HeartbeatReport, _ texts: RawSpan, _ buffer: inout WireBuffer) {
        typealias Layout = BinaryLayout.Heartbeat
        let frame = buffer.beginFrame(.heartbeat)
        let start = Layout.texts + (report.at == nil ? 0 : 8)
        let used = start + Int(report.deployment.length) + Int(report.boot.length)
        let base = buffer.appendZeros(used.paddedToRecord)
        buffer.store(UInt16(used.paddedToRecord), at: base + Layout.recordLength)
        buffer.store(report.deployment.nameLength, at: base + Layout.deploymentLength)
        buffer.store(report.boot.nameLength, at: base + Layout.bootLength)
        var flags: UInt8 = report.state == .stopped ? Layout.stopped : 0
        if report.vcpuThousandths != nil { flags |= Layout.hasVcpu }
        if report.memoryThousandths != nil { flags |= Layout.hasMemory }
        if report.storageThousandths != nil { flags |= Layout.hasStorage }
        if report.sentBytes != nil { flags |= Layout.hasSentBytes }
        if let at = report.at {
            flags |= Layout.hasAt
            buffer.store(at.microseconds, at: base + Layout.at)
        }
        buffer.store(flags, at: base + Layout.flags)
        buffer.store(report.sequence, at: base + Layout.sequence)
        buffer.store(report.uptimeMilliseconds, at: base + Layout.uptime)
        buffer.store(report.sentBytes ?? 0, at: base + Layout.sentBytes)
        buffer.store(report.org.binaryIndex, at: base + Layout.org)
        buffer.store(report.machine.binaryIndex, at: base + Layout.machine)
        buffer.store(report.vcpuThousandths ?? 0, at: base + Layout.vcpu)
        buffer.store(report.memoryThousandths ?? 0, at: base + Layout.memory)
        buffer.store(report.storageThousandths ?? 0, at: base + Layout.storage)
        buffer.write(texts.extracting(report.deployment.bounds), at: base + start)
        buffer.write(
            texts.extracting(report.boot.bounds),
            at: base + start + Int(report.deployment.length)
        )
        buffer.endFrame(frame)
    }

    private func append(_ request: AuthorizeRequest, _ buffer: inout WireBuffer) {
        typealias Layout = BinaryLayout.Authorize
        let frame = buffer.beginFrame(.authorize)
        let base = buffer.appendZeros(Layout.size)
        buffer.store(request.request.binaryNumber, at: base + Layout.request)
        buffer.store(request.account.binaryIndex, at: base + Layout.account)
        buffer.store(request.project.binaryIndex, at: base + Layout.project)
        buffer.store(request.model.binaryIndex, at: base + Layout.model)
        buffer.store(request.provider.binaryIndex, at: base + Layout.provider)
        buffer.store(request.maxInputTokens ?? 0, at: base + Layout.maxInput)
        buffer.store(request.maxOutputTokens ?? 0, at: base + Layout.maxOutput)
        buffer.store(request.ttlMilliseconds ?? 0, at: base + Layout.ttl)
        var flags: UInt8 = request.accountKind == .org ? Layout.accountIsOrg : 0
        if request.maxInputTokens != nil { flags |= Layout.hasMaxInput }
        if request.maxOutputTokens != nil { flags |= Layout.hasMaxOutput }
        if request.ttlMilliseconds != nil { flags |= Layout.hasTtl }
        buffer.store(flags, at: base + Layout.flags)
        buffer.endFrame(frame)
    }

    private func append(
        _ request: MachineAuthorizeRequest,
        _ texts: RawSpan,
        _ buffer: inout WireBuffer
    ) {
        typealias Layout = BinaryLayout.AuthorizeMachine
        let frame = buffer.beginFrame(.authorizeMachine)
        let base = buffer.appendZeros(Layout.deployment)
        buffer.store(request.request.binaryNumber, at: base + Layout.request)
        buffer.store(request.account.binaryIndex, at: base + Layout.account)
        buffer.store(request.project.binaryIndex, at: base + Layout.project)
        buffer.store(request.machine.binaryIndex, at: base + Layout.machine)
        buffer.store(request.vcpuThousandths ?? 0, at: base + Layout.vcpu)
        buffer.store(request.memoryThousandths ?? 0, at: base + Layout.memory)
        buffer.store(request.storageThousandths ?? 0, at: base + Layout.storage)
        var flags: UInt8 = request.accountKind == .org ? Layout.accountIsOrg : 0
        if request.vcpuThousandths != nil { flags |= Layout.hasVcpu }
        if request.memoryThousandths != nil { flags |= Layout.hasMemory }
        if request.storageThousandths != nil { flags |= Layout.hasStorage }
        buffer.store(flags, at: base + Layout.flags)
        buffer.store(request.deployment.nameLength, at: base + Layout.deploymentLength)
        buffer.append(texts.extracting(request.deployment.bounds))
        buffer.endFrame(frame)
    }

    private func append(_ request: ExtendRequest, _ buffer: inout WireBuffer) {
        typealias Layout = BinaryLayout.Extend
        let frame = buffer.beginFrame(.extend)
        let base = buffer.appendZeros(Layout.size)
        buffer.store(request.request.binaryNumber, at: base + Layout.request)
        buffer.store(request.hold.serial, at: base + Layout.holdSerial)
        buffer.store(request.hold.org.raw, at: base + Layout.holdOrg)
        buffer.store(request.tokens.input, at: base + Layout.input)
        buffer.store(request.tokens.cacheRead, at: base + Layout.cacheRead)
        buffer.store(request.tokens.cacheWrite, at: base + Layout.cacheWrite)
        buffer.store(request.tokens.output, at: base + Layout.output)
        buffer.store(request.tokens.reasoning, at: base + Layout.reasoning)
        buffer.store(request.maxOutputTokens ?? 0, at: base + Layout.maxOutput)
        buffer.store(
            request.maxOutputTokens == nil ? 0 : Layout.hasMaxOutput,
            at: base + Layout.flags
        )
        buffer.endFrame(frame)
    }
}

extension ByteRange {
    /// The length as it travels before a text of at most 255 bytes.
    var nameLength: UInt8 {
        invariant(length <= WireLimits.nameBytes, "a name fits its field")
        return UInt8(length)
    }
}

extension RequestToken {
    /// The number as it travels; 0 stands for none.
    var binaryNumber: UInt64 {
        switch self {
        case .absent:
            return 0
        case .number(let number):
            return number
        case .text:
            invariantBroken("a binary connection numbers its requests")
        }
    }
}

extension WireBuffer {
    /// Appends a `release`, or the `released` that echoes it.
    mutating func appendRelease(_ type: FrameType, _ request: RequestToken, _ hold: HoldNumber) {
        typealias Layout = BinaryLayout.Release
        let frame = beginFrame(type)
        let base = appendZeros(Layout.size)
        store(request.binaryNumber, at: base + Layout.request)
        store(hold.serial, at: base + Layout.holdSerial)
        store(hold.org.raw, at: base + Layout.holdOrg)
        store(request == .absent ? 0 : Layout.hasRequest, at: base + Layout.flags)
        endFrame(frame)
    }
}
