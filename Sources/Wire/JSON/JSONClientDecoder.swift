import Quantities

/// Decodes what a client sends as JSON lines.
///
/// Texts in the result are ranges of the line. The decoder decodes escapes in place, so it changes
/// the line, and a line can be decoded only once.
///
/// A line that is no JSON object, or whose `type` is missing or unknown, is a fault of the
/// connection; everything else that is wrong is a rejection of the one message, except in `hello`,
/// without which the connection cannot go on.
public struct JSONClientDecoder: Sendable {
    private let nesting: Int

    /// Makes a decoder.
    ///
    /// - Parameter limits: The connection's limits.
    public init(limits: WireLimits = WireLimits()) {
        nesting = limits.nesting
    }

    /// Decodes a line that the framer found, without its line end.
    ///
    /// - Parameter line: The line; escapes in it are decoded in place.
    /// - Returns: What the bytes hold.
    public func decode(_ line: inout MutableRawSpan) -> ClientStep {
        if line.isBlank { return .nothing }
        var fields = JSONFields()
        do {
            try fields.scan(0..<line.byteCount, in: &line, nesting: nesting)
        } catch {
            return .fault(error)
        }
        return message(&fields, &line)
    }

    private func message(_ fields: inout JSONFields, _ line: inout MutableRawSpan) -> ClientStep {
        // First, because it is the only one that scans an array, and so needs the line itself.
        if fields.says("subscribe", .type, in: line.bytes) { return subscribe(&fields, &line) }
        let bytes = line.bytes
        if fields.says("usage", .type, in: bytes) { return usage(&fields, bytes) }
        if fields.says("authorize", .type, in: bytes) { return authorize(&fields, bytes) }
        if fields.says("extend", .type, in: bytes) { return extend(&fields, bytes) }
        if fields.says("release", .type, in: bytes) { return release(&fields, bytes) }
        if fields.says("heartbeat", .type, in: bytes) { return heartbeat(&fields, bytes) }
        if fields.says("hello", .type, in: bytes) { return hello(&fields, bytes) }
        if fields.says("ping", .type, in: bytes) { return .message(.ping) }
        if fields.says("order_done", .type, in: bytes) { return orderDone(&fields, bytes) }
        return .fault(unknownType(fields.object[.type], bytes))
    }

    private func unknownType(_ value: JSONValue, _ bytes: RawSpan) -> ConnectionFault {
        switch value.kind {
        case .absent:
            return ConnectionFault(.malformed, "field \"type\" is missing")
        case .string:
            let quoted = Quoting.quote(value.range.bounds, in: bytes)
            return ConnectionFault(
                .unknownType,
                "field \"type\": \(quoted) is not a message that clients send"
            )
        case .number, .true, .false, .null, .object, .array:
            let plain = Quoting.plain(value.range.bounds, in: bytes)
            return ConnectionFault(.malformed, "field \"type\": \(plain) is not a string")
        }
    }

    private func usage(_ fields: inout JSONFields, _ bytes: RawSpan) -> ClientStep {
        let sequence = fields.sequence(in: bytes)
        let id = fields.requiredText(.id, in: bytes)
        let (kind, account) = fields.account(in: bytes)
        var report = UsageReport(
            sequence: sequence,
            id: id,
            accountKind: kind,
            account: account,
            model: fields.requiredName(.model, in: bytes),
            tokens: fields.tokens(in: bytes)
        )
        fields.checks.check(report.tokens)
        report.project = fields.name(.project, in: bytes)
        report.provider = fields.name(.provider, in: bytes)
        report.session = fields.text(.session, in: bytes) ?? .empty
        report.failed = fields.says("error", .status, in: bytes)
        if fields.has(.status), !report.failed, !fields.says("ok", .status, in: bytes) {
            fields.wrong(.status, "\"ok\" or \"error\"", in: bytes)
        }
        report.cacheHit = fields.bool(.cacheHit, in: bytes) ?? false
        report.latencyMilliseconds = fields.number32(.latencyMs, in: bytes) ?? 0
        report.at = fields.time(.at, in: bytes)
        report.hold = fields.hold(in: bytes)
        let rejection = fields.checks.rejection(subject: report.subject(in: bytes))
        return rejection.map { .rejected($0) } ?? .message(.usage(report))
    }

    private func heartbeat(_ fields: inout JSONFields, _ bytes: RawSpan) -> ClientStep {
        var report = HeartbeatReport(
            sequence: fields.sequence(in: bytes),
            deployment: fields.requiredText(.deployment, in: bytes),
            boot: fields.requiredText(.boot, in: bytes),
            org: fields.requiredName(.org, in: bytes),
            machine: fields.requiredName(.machine, in: bytes),
            uptimeMilliseconds: fields.number(.uptimeMs, upTo: .max, in: bytes) ?? 0,
            state: fields.says("stopped", .state, in: bytes) ? .stopped : .running
        )
        if !fields.has(.uptimeMs) { fields.wrong(.uptimeMs, "a whole number", in: bytes) }
        if report.state == .running, !fields.says("running", .state, in: bytes) {
            fields.wrong(.state, "\"running\" or \"stopped\"", in: bytes)
        }
        report.vcpuThousandths = fields.thousandths(.vcpu, in: bytes)
        report.memoryThousandths = fields.thousandths(.memoryGib, in: bytes)
        report.storageThousandths = fields.thousandths(.storageGib, in: bytes)
        report.sentBytes = fields.number(.sentBytes, upTo: .max, in: bytes)
        report.at = fields.time(.at, in: bytes)
        let rejection = fields.checks.rejection(
            subject: report.sequence > 0 ? .sequence(report.sequence) : .unknown
        )
        return rejection.map { .rejected($0) } ?? .message(.heartbeat(report))
    }

    private func authorizeMachine(_ fields: inout JSONFields, _ bytes: RawSpan) -> ClientStep {
        let token = requiredRequest(&fields, bytes)
        let (kind, account) = fields.account(in: bytes)
        if fields.has(.model) {
            fields.wrong(.model, "absent, as \"machine\" is given", in: bytes)
        }
        var request = MachineAuthorizeRequest(
            request: token,
            accountKind: kind,
            account: account,
            machine: fields.requiredName(.machine, in: bytes),
            deployment: fields.requiredText(.deployment, in: bytes)
        )
        request.project = fields.name(.project, in: bytes)
        request.vcpuThousandths = fields.thousandths(.vcpu, in: bytes)
        request.memoryThousandths = fields.thousandths(.memoryGib, in: bytes)
        request.storageThousandths = fields.thousandths(.storageGib, in: bytes)
        let rejection = fields.checks.rejection(subject: subject(token))
        return rejection.map { .rejected($0) } ?? .message(.authorizeMachine(request))
    }

    private func authorize(_ fields: inout JSONFields, _ bytes: RawSpan) -> ClientStep {
        if fields.has(.machine) { return authorizeMachine(&fields, bytes) }
        let token = requiredRequest(&fields, bytes)
        let (kind, account) = fields.account(in: bytes)
        var request = AuthorizeRequest(
            request: token,
            accountKind: kind,
            account: account,
            model: fields.requiredName(.model, in: bytes)
        )
        request.project = fields.name(.project, in: bytes)
        request.provider = fields.name(.provider, in: bytes)
        request.maxInputTokens = fields.number32(.maxInputTokens, .badTokenCounts, in: bytes)
        request.maxOutputTokens = fields.number32(.maxOutputTokens, .badTokenCounts, in: bytes)
        request.ttlMilliseconds = fields.number32(.ttlMs, in: bytes)
        let rejection = fields.checks.rejection(subject: subject(token))
        return rejection.map { .rejected($0) } ?? .message(.authorize(request))
    }

    private func extend(_ fields: inout JSONFields, _ bytes: RawSpan) -> ClientStep {
        let token = requiredRequest(&fields, bytes)
        let tokens = fields.tokens(in: bytes)
        fields.checks.check(tokens)
        let maxOutput = fields.number32(.maxOutputTokens, .badTokenCounts, in: bytes)
        let hold = fields.hold(in: bytes)
        if !fields.has(.hold) { fields.wrong(.hold, "a hold", in: bytes) }
        if let rejection = fields.checks.rejection(subject: subject(token)) {
            return .rejected(rejection)
        }
        guard let hold else { return .nothing }
        return .message(
            .extend(
                ExtendRequest(
                    request: token,
                    hold: hold,
                    tokens: tokens,
                    maxOutputTokens: maxOutput
                )
            )
        )
    }

    private func release(_ fields: inout JSONFields, _ bytes: RawSpan) -> ClientStep {
        let token = fields.request(in: bytes)
        let hold = fields.hold(in: bytes)
        if !fields.has(.hold) { fields.wrong(.hold, "a hold", in: bytes) }
        if let rejection = fields.checks.rejection(subject: subject(token)) {
            return .rejected(rejection)
        }
        guard let hold else { return .nothing }
        return .message(.release(ReleaseRequest(hold: hold, request: token)))
    }

    private func orderDone(_ fields: inout JSONFields, _ bytes: RawSpan) -> ClientStep {
        let order = fields.number(.order, upTo: .max, in: bytes) ?? 0
        if !fields.has(.order) { fields.wrong(.order, "a whole number", in: bytes) }
        let rejection = fields.checks.rejection(subject: .unknown)
        return rejection.map { .rejected($0) } ?? .message(.orderDone(OrderDone(order: order)))
    }

    private func requiredRequest(_ fields: inout JSONFields, _ bytes: RawSpan) -> RequestToken {
        if !fields.has(.request) { fields.wrong(.request, "a string", in: bytes) }
        return fields.request(in: bytes)
    }

    private func subject(_ token: RequestToken) -> Rejection.Subject {
        token == .absent ? .unknown : .request(token)
    }
}

extension JSONClientDecoder {
    private func hello(_ fields: inout JSONFields, _ bytes: RawSpan) -> ClientStep {
        let version = fields.number(.version, upTo: .max, in: bytes)
        if let version, version != WireEncoding.version { return .unsupportedVersion(version) }
        if version == nil { fields.wrong(.version, "a whole number", in: bytes) }
        let producer = fields.requiredText(.producer, limit: WireLimits.nameBytes, in: bytes)
        let stored = fields.says("stored", .durability, in: bytes)
        if fields.has(.durability), !stored, !fields.says("journaled", .durability, in: bytes) {
            fields.wrong(.durability, "\"journaled\" or \"stored\"", in: bytes)
        }
        if let rejection = fields.checks.rejection(subject: .unknown) {
            return .fault(ConnectionFault(.malformed, rejection.message))
        }
        let durability = stored ? Durability.stored : .journaled
        return .message(.hello(Hello(producer: producer, durability: durability)))
    }

    private func subscribe(_ fields: inout JSONFields, _ line: inout MutableRawSpan) -> ClientStep {
        let topics = JSONTopics.read(fields.object[.topics], in: &line)
        if topics == nil {
            fields.wrong(.topics, "an array of \"cutoffs\" and \"orders\"", in: line.bytes)
        }
        let rejection = fields.checks.rejection(subject: .unknown)
        return rejection.map { .rejected($0) } ?? .message(.subscribe(topics ?? []))
    }
}

/// The array of topics, in `subscribe` and `subscribed`.
enum JSONTopics {
    /// Reads the topics, or nil when the field is no array of topics.
    static func read(_ value: JSONValue, in line: inout MutableRawSpan) -> Topics? {
        guard value.kind == .array else { return nil }
        var scanner = JSONScanner(
            position: value.range.bounds.lowerBound + 1,
            end: value.range.bounds.upperBound,
            nesting: 1
        )
        var topics: Topics = []
        scanner.skipBlanks(in: line)
        if scanner.take(UInt8(ascii: "]"), in: line) { return topics }
        repeat {
            scanner.skipBlanks(in: line)
            let word: ByteRange
            do {
                word = try scanner.string(in: &line)
            } catch {
                // The array was scanned before, so only an element that is no string comes here.
                return nil
            }
            if line.bytes.says("cutoffs", word) {
                topics.insert(.cutoffs)
            } else if line.bytes.says("orders", word) {
                topics.insert(.orders)
            } else {
                return nil
            }
            scanner.skipBlanks(in: line)
        } while scanner.take(UInt8(ascii: ","), in: line)
        return topics
    }
}

extension RawSpan {
    /// Whether a range holds exactly this word.
    func says(_ word: StaticString, _ range: ByteRange) -> Bool {
        Int(range.length) == word.utf8CodeUnitCount && holds(word, at: Int(range.offset))
    }
}

extension MutableRawSpan {
    /// Whether there is nothing but blanks.
    var isBlank: Bool {
        for index in 0..<byteCount {
            let byte = byte(index)
            if byte != 0x20, byte != 0x09, byte != 0x0D { return false }
        }
        return true
    }
}
