import Quantities

/// Encodes what a client says as JSON lines.
///
/// Names must be texts; what is not given is left out.
public struct JSONClientEncoder: Sendable {
    /// Makes an encoder.
    public init() {}

    /// Appends one message as one line.
    ///
    /// - Parameters:
    ///   - message: What to say; JSON lines have no `name`.
    ///   - texts: What the message's ranges belong to.
    ///   - buffer: Where the line goes.
    public func append(_ message: ClientMessage, texts: RawSpan, to buffer: inout WireBuffer) {
        switch message {
        case .hello(let hello):
            buffer.beginLine("hello")
            buffer.field(.version, number: hello.version)
            buffer.field(.producer, text: hello.producer, in: texts)
            buffer.field(.durability, word: hello.durability.name)
        case .name:
            invariantBroken("JSON lines do not intern names")
        case .usage(let report): append(report, texts, &buffer)
        case .heartbeat(let report): append(report, texts, &buffer)
        case .authorize(let request): append(request, texts, &buffer)
        case .authorizeMachine(let request): append(request, texts, &buffer)
        case .extend(let request):
            buffer.beginLine("extend")
            buffer.request(request.request)
            buffer.field(.hold, hold: request.hold)
            buffer.tokens(request.tokens)
            if let tokens = request.maxOutputTokens {
                buffer.field(.maxOutputTokens, number: tokens)
            }
        case .release(let request):
            buffer.beginLine("release")
            buffer.request(request.request)
            buffer.field(.hold, hold: request.hold)
        case .subscribe(let topics):
            buffer.beginLine("subscribe")
            buffer.topics(topics)
        case .orderDone(let done):
            buffer.beginLine("order_done")
            buffer.field(.order, number: done.order)
        case .ping:
            buffer.beginLine("ping")
        }
        buffer.endLine()
    }

    private func append(_ report: UsageReport, _ texts: RawSpan, _ buffer: inout WireBuffer) {
        buffer.beginLine("usage")
        if report.sequence > 0 { buffer.field(.sequence, number: report.sequence) }
        buffer.field(.id, text: report.id, in: texts)
        buffer.field(report.accountKind.field, name: report.account, in: texts)
        buffer.field(.project, name: report.project, in: texts)
        if !report.session.isEmpty { buffer.field(.session, text: report.session, in: texts) }
        buffer.field(.model, name: report.model, in: texts)
        buffer.field(.provider, name: report.provider, in: texts)
        buffer.tokens(report.tokens)
        buffer.field(.status, word: report.failed ? "error" : "ok")
        if report.cacheHit { buffer.field(.cacheHit, bool: true) }
        if report.latencyMilliseconds > 0 {
            buffer.field(.latencyMs, number: report.latencyMilliseconds)
        }
        if let at = report.at { buffer.field(.at, time: at) }
        if let hold = report.hold { buffer.field(.hold, hold: hold) }
    }

    private func append(_ report: HeartbeatReport, _ texts: RawSpan, _ buffer: inout WireBuffer) {
        buffer.beginLine("heartbeat")
        if report.sequence > 0 { buffer.field(.sequence, number: report.sequence) }
        buffer.field(.deployment, text: report.deployment, in: texts)
        buffer.field(.org, name: report.org, in: texts)
        buffer.field(.machine, name: report.machine, in: texts)
        buffer.field(.boot, text: report.boot, in: texts)
        buffer.field(.uptimeMs, number: report.uptimeMilliseconds)
        buffer.field(.state, word: report.state.name)
        if let vcpu = report.vcpuThousandths { buffer.field(.vcpu, thousandths: vcpu) }
        if let memory = report.memoryThousandths { buffer.field(.memoryGib, thousandths: memory) }
        if let storage = report.storageThousandths {
            buffer.field(.storageGib, thousandths: storage)
        }
        if let sent = report.sentBytes { buffer.field(.sentBytes, number: sent) }
        if let at = report.at { buffer.field(.at, time: at) }
    }

    private func append(
        _ request: MachineAuthorizeRequest,
        _ texts: RawSpan,
        _ buffer: inout WireBuffer
    ) {
        buffer.beginLine("authorize")
        buffer.request(request.request)
        buffer.field(request.accountKind.field, name: request.account, in: texts)
        buffer.field(.project, name: request.project, in: texts)
        buffer.field(.machine, name: request.machine, in: texts)
        buffer.field(.deployment, text: request.deployment, in: texts)
        if let vcpu = request.vcpuThousandths { buffer.field(.vcpu, thousandths: vcpu) }
        if let memory = request.memoryThousandths { buffer.field(.memoryGib, thousandths: memory) }
        if let storage = request.storageThousandths {
            buffer.field(.storageGib, thousandths: storage)
        }
    }

    private func append(_ request: AuthorizeRequest, _ texts: RawSpan, _ buffer: inout WireBuffer) {
        buffer.beginLine("authorize")
        buffer.request(request.request)
        buffer.field(request.accountKind.field, name: request.account, in: texts)
        buffer.field(.project, name: request.project, in: texts)
        buffer.field(.model, name: request.model, in: texts)
        buffer.field(.provider, name: request.provider, in: texts)
        if let tokens = request.maxInputTokens { buffer.field(.maxInputTokens, number: tokens) }
        if let tokens = request.maxOutputTokens { buffer.field(.maxOutputTokens, number: tokens) }
        if let ttl = request.ttlMilliseconds { buffer.field(.ttlMs, number: ttl) }
    }
}

extension AccountKind {
    /// The field that names the account.
    var field: JSONField { self == .key ? .key : .org }
}
