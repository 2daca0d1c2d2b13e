import Quantities
import Wire

/// Turns events and calls into the bytes of one connection.
///
/// In binary, consecutive usages share a frame, and each name is interned once, before the frame
/// that uses it first.
///
/// Invariants:  between two public calls no frame is left open, except a usage frame that `finish`
///              closes.
struct EventWriter: ~Copyable {
    private let encoder: ClientEncoder
    private var texts = WireBuffer(capacity: 1024)
    private var names: [[String: UInt32]]
    private var batch: UsageBatchEncoder?
    private var out: WireBuffer

    init(_ encoding: WireEncoding) {
        encoder = ClientEncoder(encoding)
        names = Array(repeating: [:], count: NameKind.allCases.count + 1)
        out = WireBuffer(capacity: 256 << 10)
    }

    /// How many bytes are written and not yet taken.
    var count: Int { out.count }

    /// Calls with the written bytes, all frames closed.
    mutating func withBytes<Result, Failure: Error>(
        _ body: (RawSpan) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        finish()
        return try out.withBytes(body)
    }

    /// Forgets bytes that were sent.
    mutating func removeFirst(_ count: Int) {
        invariant(batch == nil, "sent bytes hold no open frame")
        out.removeFirst(count)
    }

    mutating func append(_ message: ClientMessage) {
        finish()
        texts.withBytes { encoder.append(message, texts: $0, to: &out) }
    }

    mutating func append(encoded bytes: RawSpan) {
        finish()
        out.append(bytes)
    }

    mutating func hello(_ producer: String, _ durability: Durability) throws(MeterClientError) {
        texts.removeAll()
        let name = try add(producer, "producer", limit: WireLimits.nameBytes)
        append(.hello(Hello(producer: name, durability: durability)))
    }

    mutating func append(_ event: MeterEvent, sequence: UInt64) throws(MeterClientError) {
        switch event {
        case .usage(let usage): try append(usage, sequence: sequence)
        case .machine(let sample): try append(sample, sequence: sequence)
        }
    }

    mutating func append(_ event: UsageEvent, sequence: UInt64) throws(MeterClientError) {
        texts.removeAll()
        let (kind, account) = try add(event.account)
        var report = UsageReport(
            sequence: sequence,
            id: try add(event.id, "id", limit: WireLimits.idBytes),
            accountKind: kind,
            account: account,
            model: try add(event.model, .model, "model"),
            tokens: event.tokens
        )
        if let project = event.project { report.project = try add(project, .project, "project") }
        if let provider = event.provider {
            report.provider = try add(provider, .provider, "provider")
        }
        if let session = event.session {
            report.session = try add(session, "session", limit: WireLimits.idBytes)
        }
        report.failed = event.failed
        report.cacheHit = event.cacheHit
        report.latencyMilliseconds = event.latencyMilliseconds
        report.at = event.at
        report.hold = event.hold
        guard encoder.encoding == .binary else {
            append(.usage(report))
            return
        }
        appendToBatch(report)
    }

    mutating func append(_ sample: MachineSample, sequence: UInt64) throws(MeterClientError) {
        texts.removeAll()
        var report = HeartbeatReport(
            sequence: sequence,
            deployment: try add(sample.deployment, "deployment", limit: WireLimits.idBytes),
            boot: try add(sample.boot, "boot", limit: WireLimits.idBytes),
            org: try add(sample.org, .org, "org"),
            machine: try add(sample.machine, .machine, "machine"),
            uptimeMilliseconds: sample.uptimeMilliseconds,
            state: sample.isRunning ? .running : .stopped
        )
        report.vcpuThousandths = sample.vcpuThousandths
        report.memoryThousandths = sample.memoryThousandths
        report.storageThousandths = sample.storageThousandths
        report.sentBytes = sample.sentBytes
        report.at = sample.at
        append(.heartbeat(report))
    }

    mutating func append(_ call: Call, request: UInt64) throws(MeterClientError) {
        texts.removeAll()
        switch call {
        case .authorize(let call):
            append(.authorize(try authorize(call, request)))
        case .extend(let hold, let tokens, let maxOutputTokens):
            append(
                .extend(
                    ExtendRequest(
                        request: .number(request),
                        hold: hold,
                        tokens: tokens,
                        maxOutputTokens: maxOutputTokens
                    )
                )
            )
        case .release(let hold):
            append(.release(ReleaseRequest(hold: hold, request: .number(request))))
        case .ping:
            append(.ping)
        }
    }

    mutating func append(_ call: MachineStartCall, request: UInt64) throws(MeterClientError) {
        texts.removeAll()
        let (kind, account) = try add(call.account)
        var message = MachineAuthorizeRequest(
            request: .number(request),
            accountKind: kind,
            account: account,
            machine: try add(call.machine, .machine, "machine"),
            deployment: try add(call.deployment, "deployment", limit: WireLimits.idBytes)
        )
        if let project = call.project { message.project = try add(project, .project, "project") }
        message.vcpuThousandths = call.vcpuThousandths
        message.memoryThousandths = call.memoryThousandths
        message.storageThousandths = call.storageThousandths
        append(.authorizeMachine(message))
    }

    private mutating func authorize(
        _ call: AuthorizeCall,
        _ request: UInt64
    ) throws(MeterClientError) -> AuthorizeRequest {
        let (kind, account) = try add(call.account)
        var message = AuthorizeRequest(
            request: .number(request),
            accountKind: kind,
            account: account,
            model: try add(call.model, .model, "model")
        )
        if let project = call.project { message.project = try add(project, .project, "project") }
        if let provider = call.provider {
            message.provider = try add(provider, .provider, "provider")
        }
        message.maxInputTokens = call.maxInputTokens
        message.maxOutputTokens = call.maxOutputTokens
        message.ttlMilliseconds = call.ttlMilliseconds
        return message
    }

    /// Closes the open usage frame, if there is one.
    private mutating func finish() {
        guard let open = batch.take() else { return }
        open.finish(&out)
    }

    private mutating func appendToBatch(_ report: UsageReport) {
        var open = batch.take() ?? UsageBatchEncoder(in: &out)
        let fits = texts.withBytes { open.append(report, texts: $0, to: &out) }
        if !fits {
            open.finish(&out)
            open = UsageBatchEncoder(in: &out)
            let fits = texts.withBytes { open.append(report, texts: $0, to: &out) }
            invariant(fits, "an empty frame has room for a record")
        }
        batch = open
    }

    private mutating func add(
        _ account: MeterAccount
    ) throws(MeterClientError) -> (AccountKind, WireName) {
        switch account {
        case .key(let key): (.key, try add(key, .key, "key"))
        case .org(let org): (.org, try add(org, .org, "org"))
        }
    }

    private mutating func add(
        _ name: String,
        _ kind: NameKind,
        _ field: String
    ) throws(MeterClientError) -> WireName {
        guard encoder.encoding == .binary else {
            return .text(try add(name, field, limit: WireLimits.nameBytes))
        }
        if let index = names[Int(kind.rawValue)][name] { return .index(index) }
        let index = UInt32(names[Int(kind.rawValue)].count)
        guard index < NameCounts.maximumPerKind else { throw .tooManyNames }
        let text = try add(name, field, limit: WireLimits.nameBytes)
        append(.name(NameDefinition(kind: kind, index: index, text: text)))
        names[Int(kind.rawValue)][name] = index
        return .index(index)
    }

    private mutating func add(
        _ text: String,
        _ field: String,
        limit: Int
    ) throws(MeterClientError) -> ByteRange {
        guard EventText.canBeSent(text, limit: limit) else {
            throw .invalidText(field: field, text: String(text.prefix(64)))
        }
        var text = text
        let offset = texts.count
        text.withUTF8 { texts.append(UnsafeRawBufferPointer($0).bytes) }
        return ByteRange(offset: UInt32(offset), length: UInt32(texts.count - offset))
    }
}

/// The rules for texts, checked before a message is sent.
enum EventText {
    static func canBeSent(_ text: String, limit: Int) -> Bool {
        !text.isEmpty && text.utf8.count <= limit && text.utf8.allSatisfy { $0 >= 0x20 }
    }

    /// Checks all texts of an event, so that the caller hears of it and not the connection.
    static func check(_ event: MeterEvent) throws(MeterClientError) {
        switch event {
        case .usage(let usage):
            try check(usage.id, "id", WireLimits.idBytes)
            try check(usage.session, "session", WireLimits.idBytes)
            try check(usage.account)
            try check(usage.project, "project", WireLimits.nameBytes)
            try check(usage.model, "model", WireLimits.nameBytes)
            try check(usage.provider, "provider", WireLimits.nameBytes)
        case .machine(let sample):
            try check(sample.deployment, "deployment", WireLimits.idBytes)
            try check(sample.boot, "boot", WireLimits.idBytes)
            try check(sample.org, "org", WireLimits.nameBytes)
            try check(sample.machine, "machine", WireLimits.nameBytes)
        }
    }

    /// Checks all texts of a call.
    static func check(_ call: Call) throws(MeterClientError) {
        guard case .authorize(let authorize) = call else { return }
        try check(authorize.account)
        try check(authorize.project, "project", WireLimits.nameBytes)
        try check(authorize.model, "model", WireLimits.nameBytes)
        try check(authorize.provider, "provider", WireLimits.nameBytes)
    }

    private static func check(_ account: MeterAccount) throws(MeterClientError) {
        switch account {
        case .key(let key): try check(key, "key", WireLimits.nameBytes)
        case .org(let org): try check(org, "org", WireLimits.nameBytes)
        }
    }

    private static func check(
        _ text: String?,
        _ field: String,
        _ limit: Int
    ) throws(MeterClientError) {
        guard let text, !canBeSent(text, limit: limit) else { return }
        throw .invalidText(field: field, text: String(text.prefix(64)))
    }
}
