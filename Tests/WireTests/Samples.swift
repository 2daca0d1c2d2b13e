import Quantities
import Wire

/// Texts that messages refer to, put one behind another as in a frame.
struct Texts {
    var bytes: [UInt8] = []

    mutating func add(_ text: String) -> ByteRange {
        let offset = bytes.count
        bytes.append(contentsOf: text.utf8)
        return ByteRange(offset: UInt32(offset), length: UInt32(bytes.count - offset))
    }
}

/// One sample of every message, with all optional fields and with none.
enum Samples {
    static let hold = HoldNumber(org: OrgNumber(7), serial: 31)
    static let march = Timestamp(microseconds: 1_772_359_200_250_000)  // 2026-03-01T10:00:00.25Z
    static let april = Timestamp(microseconds: 1_775_001_600_000_000)  // 2026-04-01T00:00:00Z

    /// Encodes every client message in an encoding, each with its name.
    static func clientMessages(_ encoding: WireEncoding) -> [(name: String, bytes: [UInt8])] {
        var texts = Texts()
        var samples = common(&texts)
        let names = Names(encoding, &texts)
        samples += named(&texts, names)
        if encoding == .binary {
            let text = texts.add("opus")
            let definition = NameDefinition(kind: .model, index: 0, text: text)
            samples.append(("name", .name(definition)))
        }
        let encoder = ClientEncoder(encoding)
        return samples.map { sample in
            var buffer = WireBuffer()
            encoder.append(sample.1, texts: texts.bytes.span.bytes, to: &buffer)
            return (sample.0, buffer.array)
        }
    }

    private struct Names {
        let key, org, project, model, provider, machine: WireName

        init(_ encoding: WireEncoding, _ texts: inout Texts) {
            func name(_ text: String, _ texts: inout Texts) -> WireName {
                encoding == .binary ? .index(0) : .text(texts.add(text))
            }
            key = name("key_1", &texts)
            org = name("acme", &texts)
            project = name("search \"beta\"", &texts)
            model = name("opus", &texts)
            provider = name("anthropic", &texts)
            machine = name("gpu-1", &texts)
        }
    }

    private static func common(_ texts: inout Texts) -> [(String, ClientMessage)] {
        let tokens = TokenCounts(
            input: 1200,
            cacheRead: 800,
            cacheWrite: 100,
            output: 90,
            reasoning: 30
        )
        return [
            ("hello", .hello(Hello(producer: texts.add("gateway-1"), durability: .stored))),
            (
                "extend",
                .extend(ExtendRequest(request: .number(43), hold: hold, tokens: tokens))
            ),
            (
                "extend with all fields",
                .extend(
                    ExtendRequest(
                        request: .number(43),
                        hold: hold,
                        tokens: tokens,
                        maxOutputTokens: 4096
                    )
                )
            ),
            ("release", .release(ReleaseRequest(hold: hold))),
            ("release with request", .release(ReleaseRequest(hold: hold, request: .number(44)))),
            ("subscribe", .subscribe([.cutoffs, .orders])),
            ("order_done", .orderDone(OrderDone(order: 12))),
            ("ping", .ping),
        ]
    }

    private static func named(_ texts: inout Texts, _ names: Names) -> [(String, ClientMessage)] {
        let plain = UsageReport(
            sequence: 17,
            id: texts.add("req-1"),
            accountKind: .key,
            account: names.key,
            model: names.model,
            tokens: TokenCounts(input: 1000, output: 50)
        )
        var full = plain
        full.accountKind = .org
        full.account = names.org
        full.project = names.project
        full.provider = names.provider
        full.session = texts.add("session-é")
        full.tokens = TokenCounts(
            input: 1000,
            cacheRead: 600,
            cacheWrite: 100,
            output: 50,
            reasoning: 20
        )
        full.failed = true
        full.cacheHit = true
        full.latencyMilliseconds = 523
        full.at = march
        full.hold = hold
        let (beat, fullBeat, lateBeat) = heartbeats(&texts, names)
        let (start, fullStart) = starts(&texts, names)
        let authorize = AuthorizeRequest(
            request: .number(42),
            accountKind: .key,
            account: names.key,
            model: names.model
        )
        var fullAuthorize = authorize
        fullAuthorize.project = names.project
        fullAuthorize.provider = names.provider
        fullAuthorize.maxInputTokens = 1200
        fullAuthorize.maxOutputTokens = 4096
        fullAuthorize.ttlMilliseconds = 60_000
        return [
            ("usage", .usage(plain)), ("usage with all fields", .usage(full)),
            ("heartbeat", .heartbeat(beat)), ("heartbeat with all fields", .heartbeat(fullBeat)),
            ("authorize", .authorize(authorize)),
            ("authorize with all fields", .authorize(fullAuthorize)),
            ("heartbeat with a time", .heartbeat(lateBeat)),
            ("authorize of a machine", .authorizeMachine(start)),
            ("authorize of a machine with all fields", .authorizeMachine(fullStart)),
        ]
    }

    private static func heartbeats(
        _ texts: inout Texts,
        _ names: Names
    ) -> (plain: HeartbeatReport, full: HeartbeatReport, late: HeartbeatReport) {
        let beat = HeartbeatReport(
            sequence: 18,
            deployment: texts.add("dep-1"),
            boot: texts.add("boot-1"),
            org: names.org,
            machine: names.machine,
            uptimeMilliseconds: 60_000,
            state: .running
        )
        var fullBeat = beat
        fullBeat.state = .stopped
        fullBeat.vcpuThousandths = 2000
        fullBeat.memoryThousandths = 4500
        fullBeat.storageThousandths = 20_000
        fullBeat.sentBytes = 1_610_612_736
        var lateBeat = beat
        lateBeat.at = march
        return (beat, fullBeat, lateBeat)
    }

    private static func starts(
        _ texts: inout Texts,
        _ names: Names
    ) -> (plain: MachineAuthorizeRequest, full: MachineAuthorizeRequest) {
        let start = MachineAuthorizeRequest(
            request: .number(45),
            accountKind: .org,
            account: names.org,
            machine: names.machine,
            deployment: texts.add("dep-2")
        )
        var fullStart = start
        fullStart.accountKind = .key
        fullStart.account = names.key
        fullStart.project = names.project
        fullStart.vcpuThousandths = 2000
        fullStart.memoryThousandths = 4500
        fullStart.storageThousandths = 20_000
        return (start, fullStart)
    }

    /// Every daemon message, with its name.
    static let daemonMessages: [(name: String, message: DaemonMessage)] = [
        ("welcome", .welcome(Welcome(daemon: "meterd 1.0", lastSequence: 16))),
        ("ack", .ack(.sequence(17))),
        ("ack by id", .ack(.id(short("req-1")))),
        ("rejected", .rejected(.sequenceGap(19, expected: 18))),
        (
            "rejected by request",
            .rejected(
                Rejection(.unknownHold, subject: .request(.number(43)), message: "no hold \"7-31\"")
            )
        ),
        (
            "rejected by id",
            .rejected(Rejection(.conflict, subject: .id(short("req-1")), message: "other content"))
        ),
        (
            "rejected unknown",
            .rejected(Rejection(.malformed, subject: .unknown, message: "é\n\u{1}"))
        ),
        ("granted", .granted(granted)),
        ("refused", .refused(Refused(request: .number(42), refusal: insufficient))),
        (
            "refused by a cap",
            .refused(Refused(request: .number(43), refusal: capped, hold: hold))
        ),
        ("refused key", .refused(Refused(request: .number(42), refusal: .invalidKey))),
        ("released", .released(Released(hold: hold, request: .number(44)))),
        ("released without request", .released(Released(hold: hold))),
        (
            "subscribed",
            .subscribed(Subscribed(topics: [.cutoffs, .orders], cutoffs: [cutoff, cutoff]))
        ),
        (
            "subscribed in part",
            .subscribed(Subscribed(topics: .cutoffs, cutoffs: [], isComplete: false))
        ),
        ("cutoff", .cutoff(cutoff)),
        ("restored", .restored(cutoff)),
        (
            "order",
            .order(
                Order(order: 12, deployment: "dep-1", action: .stop, reason: "insufficient_credits")
            )
        ),
        ("pong", .pong),
        ("error", .error(ConnectionFault(.overloaded, "connect again"))),
    ]

    static let granted = Granted(
        request: .number(42),
        hold: hold,
        amount: Amount(units: 14_983_500_000_000),
        validMilliseconds: 60_000,
        isFinal: true,
        outputTokens: 4096
    )
    static let cutoff = Cutoff(
        scope: .project,
        id: "search",
        reason: "spend_cap_exceeded",
        at: march
    )
    static let insufficient = Refusal.insufficientCredits(
        balance: Amount(credits: 12),
        held: Amount(credits: 2),
        org: "acme"
    )
    static let capped = Refusal.spendCapExceeded(
        RefusalLimit(
            .organisationCap,
            id: "acme",
            amount: Amount(credits: 100),
            spent: Amount(units: 99_990_000_000_000),
            period: .month,
            resetsAt: april
        )
    )

    static func short(_ text: String) -> ShortText { ShortText(text) ?? ShortText() }
}

extension WireBuffer {
    /// A copy of the bytes.
    var array: [UInt8] {
        withBytes { span in span.withUnsafeBytes { Array($0) } }
    }
}
