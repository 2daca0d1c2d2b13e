import Quantities

/// Decodes what the daemon sends as JSON lines, for clients.
///
/// Codes that this version does not know become `malformed` and keep their text in the message; a
/// limit that it does not know is left out: newer daemons stay understandable.
public struct JSONDaemonDecoder: Sendable {
    private let nesting: Int

    /// Makes a decoder.
    ///
    /// - Parameter limits: The connection's limits.
    public init(limits: WireLimits = WireLimits()) {
        nesting = limits.nesting
    }

    /// Decodes a line without its line end; nil for a blank one.
    ///
    /// - Parameter line: The line; escapes in it are decoded in place.
    /// - Returns: What the bytes hold.
    /// - Throws: `ConnectionFault` when the line is no message of the daemon.
    public func decode(_ line: inout MutableRawSpan) throws(ConnectionFault) -> DaemonMessage? {
        if line.isBlank { return nil }
        var fields = JSONFields()
        try fields.scan(0..<line.byteCount, in: &line, nesting: nesting)
        let message = try message(&fields, &line)
        if let rejection = fields.checks.rejection(subject: .unknown) {
            throw ConnectionFault(.malformed, rejection.message)
        }
        return message
    }

    private func message(
        _ fields: inout JSONFields,
        _ line: inout MutableRawSpan
    ) throws(ConnectionFault) -> DaemonMessage {
        let type = fields.string(.type, in: line.bytes) ?? ""
        switch type {
        case "welcome": return .welcome(welcome(&fields, line.bytes))
        case "ack": return .ack(ack(&fields, line.bytes))
        case "rejected": return .rejected(rejected(&fields, line.bytes))
        case "granted": return .granted(granted(&fields, line.bytes))
        case "refused": return .refused(try refused(&fields, &line))
        case "released":
            let hold = fields.requiredHold(in: line.bytes)
            return .released(Released(hold: hold, request: fields.request(in: line.bytes)))
        case "subscribed": return .subscribed(try subscribed(&fields, &line))
        case "cutoff": return .cutoff(cutoff(&fields, line.bytes))
        case "restored": return .restored(cutoff(&fields, line.bytes))
        case "order": return .order(order(&fields, line.bytes))
        case "pong": return .pong
        case "error":
            let code = fields.requiredString(.code, in: line.bytes)
            let text = fields.requiredString(.message, in: line.bytes)
            let known = ConnectionFault.Code.allCases.first { "\($0.name)" == code }
            return .error(
                ConnectionFault(known ?? .malformed, known == nil ? "\(code): \(text)" : text)
            )
        default:
            throw ConnectionFault(
                .unknownType,
                "field \"type\": \"\(type)\" is not a message that the daemon sends"
            )
        }
    }

    private func welcome(_ fields: inout JSONFields, _ bytes: RawSpan) -> Welcome {
        let version = fields.requiredNumber(.version, upTo: UInt64(UInt16.max), in: bytes)
        return Welcome(
            daemon: fields.requiredString(.daemon, in: bytes),
            lastSequence: fields.requiredNumber(.lastSequence, in: bytes),
            version: UInt16(version)
        )
    }

    private func ack(_ fields: inout JSONFields, _ bytes: RawSpan) -> Ack {
        if fields.has(.id) {
            let range = fields.requiredText(.id, in: bytes)
            return .id(ShortText(range, in: bytes) ?? ShortText())
        }
        return .sequence(fields.requiredNumber(.sequence, in: bytes))
    }

    private func rejected(_ fields: inout JSONFields, _ bytes: RawSpan) -> Rejection {
        let subject: Rejection.Subject
        if fields.has(.sequence) {
            subject = .sequence(fields.requiredNumber(.sequence, in: bytes))
        } else if fields.has(.request) {
            subject = .request(fields.request(in: bytes))
        } else if fields.has(.id) {
            let range = fields.requiredText(.id, in: bytes)
            subject = .id(ShortText(range, in: bytes) ?? ShortText())
        } else {
            subject = .unknown
        }
        let code = fields.requiredString(.code, in: bytes)
        let text = fields.requiredString(.message, in: bytes)
        let known = RejectionCode.allCases.first { "\($0.name)" == code }
        return Rejection(
            known ?? .malformed,
            subject: subject,
            message: known == nil ? "\(code): \(text)" : text
        )
    }

    private func granted(_ fields: inout JSONFields, _ bytes: RawSpan) -> Granted {
        let limit = UInt64(UInt32.max)
        return Granted(
            request: fields.request(in: bytes),
            hold: fields.requiredHold(in: bytes),
            amount: fields.amount(.amount, in: bytes),
            validMilliseconds: UInt32(fields.requiredNumber(.validMs, upTo: limit, in: bytes)),
            isFinal: fields.bool(.isFinal, in: bytes) ?? false,
            outputTokens: fields.number32(.outputTokens, in: bytes) ?? 0
        )
    }

    private func cutoff(_ fields: inout JSONFields, _ bytes: RawSpan) -> Cutoff {
        let scope = fields.string(.scope, in: bytes)
        let known = LimitScope.allCases.first { "\($0.name)" == scope }
        if known == nil { fields.wrong(.scope, "\"org\", \"project\" or \"key\"", in: bytes) }
        let at = fields.time(.at, in: bytes)
        if !fields.has(.at) { fields.wrong(.at, "a time", in: bytes) }
        return Cutoff(
            scope: known ?? .org,
            id: fields.requiredString(.id, in: bytes),
            reason: fields.requiredString(.reason, in: bytes),
            at: at ?? .epoch
        )
    }

    private func order(_ fields: inout JSONFields, _ bytes: RawSpan) -> Order {
        let action = fields.string(.action, in: bytes)
        let known = Order.Action.allCases.first { "\($0.name)" == action }
        if known == nil { fields.wrong(.action, "\"stop\" or \"resume\"", in: bytes) }
        return Order(
            order: fields.requiredNumber(.order, in: bytes),
            deployment: fields.requiredString(.deployment, in: bytes),
            action: known ?? .stop,
            reason: fields.requiredString(.reason, in: bytes)
        )
    }
}

extension JSONDaemonDecoder {
    private func refused(
        _ fields: inout JSONFields,
        _ line: inout MutableRawSpan
    ) throws(ConnectionFault) -> Refused {
        let error = fields.object[.error]
        guard error.kind == .object else {
            throw ConnectionFault(.malformed, "field \"error\" of refused is no object")
        }
        let limitValue = fields.object[.limit]
        var limit: RefusalLimit?
        if limitValue.kind == .object { limit = try self.limit(limitValue, &line) }
        var inner = JSONFields()
        try inner.scan(error.range.bounds, in: &line, nesting: nesting)
        let body = RefusalBody(
            message: inner.requiredString(.message, in: line.bytes),
            type: inner.requiredString(.type, in: line.bytes),
            code: inner.requiredString(.code, in: line.bytes)
        )
        if let rejection = inner.checks.rejection(subject: .unknown) {
            throw ConnectionFault(.malformed, rejection.message)
        }
        let status = fields.requiredNumber(.status, upTo: 999, in: line.bytes)
        return Refused(
            request: fields.request(in: line.bytes),
            hold: fields.hold(in: line.bytes),
            status: UInt16(status),
            body: body,
            limit: limit
        )
    }

    private func limit(
        _ value: JSONValue,
        _ line: inout MutableRawSpan
    ) throws(ConnectionFault) -> RefusalLimit? {
        var fields = JSONFields()
        try fields.scan(value.range.bounds, in: &line, nesting: nesting)
        let name = fields.requiredString(.name, in: line.bytes)
        let known = RefusalLimit.Name.allCases.first { "\($0.name)" == name }
        guard let known else { return nil }
        let period = fields.string(.period, in: line.bytes)
        let limit = RefusalLimit(
            known,
            id: fields.string(.id, in: line.bytes),
            amount: fields.amount(.amount, in: line.bytes),
            spent: fields.amount(.spent, in: line.bytes),
            held: fields.amount(.held, in: line.bytes),
            period: CapPeriod.allCases.first { "\($0.name)" == period },
            resetsAt: fields.time(.resetsAt, in: line.bytes)
        )
        if let rejection = fields.checks.rejection(subject: .unknown) {
            throw ConnectionFault(.malformed, rejection.message)
        }
        return limit
    }

    private func subscribed(
        _ fields: inout JSONFields,
        _ line: inout MutableRawSpan
    ) throws(ConnectionFault) -> Subscribed {
        let list = fields.object[.cutoffs]
        guard list.kind == .array, let topics = JSONTopics.read(fields.object[.topics], in: &line)
        else {
            throw ConnectionFault(.malformed, "subscribed has no topics or no cutoffs")
        }
        return Subscribed(
            topics: topics,
            cutoffs: try cutoffs(list, &line),
            isComplete: fields.bool(.isComplete, in: line.bytes) ?? true
        )
    }

    private func cutoffs(
        _ list: JSONValue,
        _ line: inout MutableRawSpan
    ) throws(ConnectionFault) -> [Cutoff] {
        var cutoffs: [Cutoff] = []
        var scanner = JSONScanner(
            position: list.range.bounds.lowerBound + 1,
            end: list.range.bounds.upperBound,
            nesting: nesting
        )
        scanner.skipBlanks(in: line)
        if scanner.take(UInt8(ascii: "]"), in: line) { return cutoffs }
        repeat {
            scanner.skipBlanks(in: line)
            let element: JSONValue
            do {
                element = try scanner.value(in: &line)
            } catch {
                throw error.fault
            }
            guard element.kind == .object else {
                throw ConnectionFault(.malformed, "an element of cutoffs is no object")
            }
            var fields = JSONFields()
            try fields.scan(element.range.bounds, in: &line, nesting: nesting)
            cutoffs.append(cutoff(&fields, line.bytes))
            if let rejection = fields.checks.rejection(subject: .unknown) {
                throw ConnectionFault(.malformed, rejection.message)
            }
            scanner.skipBlanks(in: line)
        } while scanner.take(UInt8(ascii: ","), in: line)
        return cutoffs
    }
}

/// Getters for the daemon's fields, which may allocate.
extension JSONFields {
    fileprivate mutating func string(_ field: JSONField, in bytes: RawSpan) -> String? {
        let value = object[field]
        if value.kind == .absent { return nil }
        guard value.kind == .string else {
            wrong(field, "a string", in: bytes)
            return nil
        }
        return value.range.text(in: bytes)
    }

    fileprivate mutating func requiredString(_ field: JSONField, in bytes: RawSpan) -> String {
        if let string = string(field, in: bytes) { return string }
        wrong(field, "a string", in: bytes)
        return ""
    }

    fileprivate mutating func requiredNumber(
        _ field: JSONField,
        upTo limit: UInt64 = .max,
        in bytes: RawSpan
    ) -> UInt64 {
        if let number = number(field, upTo: limit, in: bytes) { return number }
        wrong(field, "a whole number", in: bytes)
        return 0
    }

    fileprivate mutating func requiredHold(in bytes: RawSpan) -> HoldNumber {
        if let hold = hold(in: bytes) { return hold }
        wrong(.hold, "a hold", in: bytes)
        return HoldNumber(org: OrgNumber(0), serial: 0)
    }

    fileprivate mutating func amount(_ field: JSONField, in bytes: RawSpan) -> Amount {
        let text = requiredString(field, in: bytes)
        do {
            return try Amount(decimal: text)
        } catch {
            wrong(field, "an amount", in: bytes)
            return .zero
        }
    }
}
