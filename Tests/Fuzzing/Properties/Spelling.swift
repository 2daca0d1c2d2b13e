import Quantities
import Wire

/// The names that a binary connection has defined.
struct NameBook {
    private var texts: [NameKind: [String]] = [:]

    mutating func add(_ kind: NameKind, _ text: String) {
        texts[kind, default: []].append(text)
    }

    func text(_ kind: NameKind, _ index: UInt32) -> String? {
        guard let all = texts[kind], Int(index) < all.count else { return nil }
        return all[Int(index)]
    }

    func count(_ kind: NameKind) -> Int { texts[kind]?.count ?? 0 }
}

/// A client's message without places and indexes: two messages that say the same are equal,
/// whatever encoding they came in.
struct Spelling: Hashable, CustomStringConvertible {
    private(set) var description: String

    /// Spells a message out.
    ///
    /// - Parameters:
    ///   - message: As it was decoded.
    ///   - bytes: What its ranges belong to.
    ///   - names: What its indexes stand for.
    /// - Throws: `BrokenPromise` when the message is not what a decoder may hand out.
    init(_ message: ClientMessage, in bytes: RawSpan, _ names: NameBook) throws(BrokenPromise) {
        description = ""
        switch message {
        case .hello(let hello):
            add("hello", "\(hello.version) \(hello.durability)")
            try add("producer", hello.producer, 1...255, bytes)
        case .name(let name):
            add("name", "\(name.kind) \(name.index)")
            try add("text", name.text, 1...255, bytes)
        case .usage(let report): try add(report, bytes, names)
        case .heartbeat(let report): try add(report, bytes, names)
        case .authorize(let request): try add(request, bytes, names)
        case .authorizeMachine(let request): try add(request, bytes, names)
        case .extend(let request):
            add("extend", "\(request.maxOutputTokens.map { "\($0)" } ?? "-")")
            add("request", Spelling.token(request.request))
            try add(request.hold)
            try add(request.tokens)
        case .release(let request):
            add("release", Spelling.token(request.request))
            try add(request.hold)
        case .subscribe(let topics):
            try promise(topics.isSubset(of: [.cutoffs, .orders]), "topics \(topics.rawValue)")
            add("subscribe", "\(topics.rawValue)")
        case .orderDone(let done): add("order_done", "\(done.order)")
        case .ping: add("ping", "")
        }
    }

    static func token(_ token: RequestToken) -> String {
        switch token {
        case .absent: "-"
        case .number(let number): "#\(number)"
        case .text(let text): "\"\(text)\""
        }
    }

    private mutating func add(_ field: String, _ value: String) {
        description += "\(field)=\(value); "
    }

    private mutating func add(
        _ field: String,
        _ range: ByteRange,
        _ allowed: ClosedRange<Int>,
        _ bytes: RawSpan
    ) throws(BrokenPromise) {
        try promise(range.bounds.upperBound <= bytes.byteCount, "\(field) lies outside its bytes")
        try promise(allowed.contains(range.bounds.count), "\(field) has \(range.length) bytes")
        let part = bytes.extracting(range.bounds)
        let text = part.withUnsafeBytes { $0.validText }
        guard let text else { throw BrokenPromise("\(field) is no UTF-8") }
        let isClean = text.utf8.allSatisfy { $0 >= 0x20 }
        try promise(isClean, "\(field) has control characters")
        add(field, text)
    }

    private mutating func add(
        _ kind: NameKind,
        _ name: WireName,
        _ bytes: RawSpan,
        _ names: NameBook,
        isNeeded: Bool = true
    ) throws(BrokenPromise) {
        switch name {
        case .absent:
            try promise(!isNeeded, "\(kind) is missing")
            add("\(kind)", "-")
        case .text(let range):
            try add("\(kind)", range, 1...255, bytes)
        case .index(let index):
            guard let text = names.text(kind, index) else {
                throw BrokenPromise("\(kind) \(index) was never defined")
            }
            add("\(kind)", text)
        }
    }

    private mutating func add(_ tokens: TokenCounts) throws(BrokenPromise) {
        let cached = UInt64(tokens.cacheRead) + UInt64(tokens.cacheWrite)
        try promise(cached <= UInt64(tokens.input), "\(cached) cached of \(tokens.input) input")
        try promise(tokens.reasoning <= tokens.output, "more reasoning than output")
        add(
            "tokens",
            "\(tokens.input) \(tokens.cacheRead) \(tokens.cacheWrite) \(tokens.output) "
                + "\(tokens.reasoning)"
        )
    }

    private mutating func add(_ hold: HoldNumber) throws(BrokenPromise) {
        try promise(hold.org.raw > 0 && hold.serial > 0, "hold \(hold) is none")
        add("hold", "\(hold)")
    }
}

extension Spelling {
    private mutating func add(
        _ report: UsageReport,
        _ bytes: RawSpan,
        _ names: NameBook
    ) throws(BrokenPromise) {
        add("usage", "\(report.sequence) \(report.failed) \(report.cacheHit)")
        add("latency", "\(report.latencyMilliseconds)")
        try add("id", report.id, 1...64, bytes)
        try add(report.accountKind.nameKind, report.account, bytes, names)
        try add(.project, report.project, bytes, names, isNeeded: false)
        try add(.model, report.model, bytes, names)
        try add(.provider, report.provider, bytes, names, isNeeded: false)
        try add("session", report.session, 0...64, bytes)
        try add(report.tokens)
        if let at = report.at {
            // 0001-01-01T00:00:00Z to 9999-12-31T23:59:59.999999Z
            let years: ClosedRange<Int64> =
                -62_135_596_800_000_000...253_402_300_799_999_999
            try promise(years.contains(at.microseconds), "at is \(at.microseconds)")
            add("at", "\(at.microseconds)")
        }
        if let hold = report.hold { try add(hold) }
    }

    private mutating func add(
        _ report: HeartbeatReport,
        _ bytes: RawSpan,
        _ names: NameBook
    ) throws(BrokenPromise) {
        add("heartbeat", "\(report.sequence) \(report.state) \(report.uptimeMilliseconds)")
        try add("deployment", report.deployment, 1...64, bytes)
        try add("boot", report.boot, 1...64, bytes)
        try add(.org, report.org, bytes, names)
        try add(.machine, report.machine, bytes, names)
        let parts = [report.vcpuThousandths, report.memoryThousandths, report.storageThousandths]
        add("size", parts.map { $0.map { "\($0)" } ?? "-" }.joined(separator: " "))
        add("sent", report.sentBytes.map { "\($0)" } ?? "-")
        add("at", report.at.map { "\($0.microseconds)" } ?? "-")
    }

    private mutating func add(
        _ request: MachineAuthorizeRequest,
        _ bytes: RawSpan,
        _ names: NameBook
    ) throws(BrokenPromise) {
        add("authorize a machine", Spelling.token(request.request))
        try add(request.accountKind.nameKind, request.account, bytes, names)
        try add(.project, request.project, bytes, names, isNeeded: false)
        try add(.machine, request.machine, bytes, names)
        try add("deployment", request.deployment, 1...64, bytes)
        let parts = [
            request.vcpuThousandths, request.memoryThousandths, request.storageThousandths,
        ]
        add("size", parts.map { $0.map { "\($0)" } ?? "-" }.joined(separator: " "))
    }

    private mutating func add(
        _ request: AuthorizeRequest,
        _ bytes: RawSpan,
        _ names: NameBook
    ) throws(BrokenPromise) {
        add("authorize", Spelling.token(request.request))
        try add(request.accountKind.nameKind, request.account, bytes, names)
        try add(.project, request.project, bytes, names, isNeeded: false)
        try add(.model, request.model, bytes, names)
        try add(.provider, request.provider, bytes, names, isNeeded: false)
        let limits = [request.maxInputTokens, request.maxOutputTokens, request.ttlMilliseconds]
        add("limits", limits.map { $0.map { "\($0)" } ?? "-" }.joined(separator: " "))
    }
}
