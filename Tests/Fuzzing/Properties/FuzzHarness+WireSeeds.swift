import Quantities
import Wire

/// Conversations of clients and answers of the daemon, in both encodings.
enum WireSeeds {
    static var frames: [(name: String, bytes: [UInt8])] {
        var talk = WireBuffer()
        let texts = Array("gateway-1 x req-1 session-é".utf8)
        func range(_ from: Int, _ length: Int) -> ByteRange {
            ByteRange(offset: UInt32(from), length: UInt32(length))
        }
        let names: [ClientMessage] = NameKind.allCases.map {
            .name(NameDefinition(kind: $0, index: 0, text: range(10, 1)))
        }
        let hello = Hello(producer: range(0, 9), durability: .stored)
        for message in [.hello(hello)] + names {
            ClientEncoder(.binary).append(message, texts: texts.span.bytes, to: &talk)
        }
        var seeds = messages(.index(0), range(12, 5), range(18, 10)).map { name, message in
            var buffer = WireBuffer()
            talk.withBytes { buffer.append($0) }
            ClientEncoder(.binary).append(message, texts: texts.span.bytes, to: &buffer)
            return (name: name, bytes: buffer.copy)
        }
        seeds.append(("three-in-a-frame", talk.copy + batch(texts, range(12, 5))))
        for (number, message) in answers.enumerated() {
            var buffer = WireBuffer()
            DaemonEncoder(.binary).append(message, to: &buffer)
            seeds.append(("daemon-\(number)", [7] + buffer.copy))
        }
        return seeds
    }

    static var lines: [(name: String, bytes: [UInt8])] {
        let texts = Array("gateway-1 x req-1 session-é".utf8)
        let name = WireName.text(ByteRange(offset: 10, length: 1))
        let id = ByteRange(offset: 12, length: 5)
        let session = ByteRange(offset: 18, length: 10)
        var seeds = messages(name, id, session).map { name, message in
            var buffer = WireBuffer()
            ClientEncoder(.jsonLines).append(message, texts: texts.span.bytes, to: &buffer)
            return (name: name, bytes: buffer.copy)
        }
        for (number, message) in answers.enumerated() {
            var buffer = WireBuffer()
            DaemonEncoder(.jsonLines).append(message, to: &buffer)
            seeds.append(("daemon-\(number)", Array("<\u{7}".utf8) + buffer.copy))
        }
        for (number, line) in oddLines.enumerated() {
            seeds.append(("odd-\(number)", Array((line + "\n").utf8)))
        }
        return seeds
    }

    private static let oddLines = [
        #"{"type":"hello","protocol":1,"producer":"g","durability":"stored"}"#,
        #"{"type":"usage","sequence":5,"id":"r","key":"k","model":"m","input_tokens":1e3}"#,
        #"{"type":"usage","id":"\u00e9\ud83c\udf81\n","org":"o","model":"\\","x":[{"y":[1e-3]}]}"#,
        #"{"type":"usage","id":"r","key":"k","org":"o","model":"m","id":"r"}"#,
        #"{"type":"authorize","request":"x","key":"k","model":"m","ttl_ms":4294967296}"#,
        #" { "type" : "subscribe" , "topics" : [ "cutoffs" , "orders" ] , "z" : null } "#,
        #"{"type":"extend","request":7,"hold":"7-31","max_output_tokens":1}"#,
        #"{"type":"usage","id":"r","key":"k","model":"m","at":"2026-02-29T23:59:60.5+01:00"}"#,
        " \t\r\n{}",
    ]

    private static let hold = HoldNumber(org: OrgNumber(7), serial: 31)
    private static let march = Timestamp(microseconds: 1_772_359_200_250_000)
    private static let tokens = TokenCounts(
        input: 1200,
        cacheRead: 800,
        cacheWrite: 100,
        output: 90,
        reasoning: 30
    )

    private static func messages(
        _ name: WireName,
        _ id: ByteRange,
        _ session: ByteRange
    ) -> [(name: String, message: ClientMessage)] {
        var usage = UsageReport(
            sequence: 17,
            id: id,
            accountKind: .org,
            account: name,
            model: name,
            tokens: tokens
        )
        usage.project = name
        usage.session = session
        usage.at = march
        usage.hold = hold
        usage.failed = true
        var beat = HeartbeatReport(
            sequence: 18,
            deployment: id,
            boot: id,
            org: name,
            machine: name,
            uptimeMilliseconds: 60_000,
            state: .stopped
        )
        beat.vcpuThousandths = 2500
        beat.sentBytes = 1_610_612_736
        var authorize = AuthorizeRequest(
            request: .number(42),
            accountKind: .key,
            account: name,
            model: name
        )
        authorize.provider = name
        authorize.maxOutputTokens = 4096
        return [
            ("usage", .usage(usage)), ("heartbeat", .heartbeat(beat)),
            ("authorize", .authorize(authorize)),
            ("extend", .extend(ExtendRequest(request: .number(43), hold: hold, tokens: tokens))),
            ("release", .release(ReleaseRequest(hold: hold, request: .number(44)))),
            ("subscribe", .subscribe([.cutoffs, .orders])),
            ("order-done", .orderDone(OrderDone(order: 12))), ("ping", .ping),
        ]
    }

    private static func batch(_ texts: [UInt8], _ id: ByteRange) -> [UInt8] {
        var buffer = WireBuffer()
        var encoder = UsageBatchEncoder(in: &buffer)
        for sequence in UInt64(1)...3 {
            let report = UsageReport(
                sequence: sequence,
                id: id,
                accountKind: .key,
                account: .index(0),
                model: .index(0),
                tokens: tokens
            )
            _ = encoder.append(report, texts: texts.span.bytes, to: &buffer)
        }
        encoder.finish(&buffer)
        return buffer.copy
    }

    private static var answers: [DaemonMessage] {
        let cutoff = Cutoff(scope: .project, id: "p", reason: "spend_cap_exceeded", at: march)
        let cap = RefusalLimit(
            .organisationCap,
            id: "acme",
            amount: Amount(credits: 100),
            spent: Amount(units: 99_990_000_000_000),
            period: .month,
            resetsAt: march
        )
        let granted = Granted(
            request: .number(42),
            hold: hold,
            amount: Amount(units: 14_983_500_000_000),
            validMilliseconds: 60_000,
            isFinal: true,
            outputTokens: 4096
        )
        return [
            .welcome(Welcome(daemon: "meterd", lastSequence: 16)), .ack(.sequence(17)),
            .ack(.id(ShortText("r") ?? ShortText())),
            .rejected(.sequenceGap(19, expected: 18)), .granted(granted),
            .refused(Refused(request: .number(42), refusal: .spendCapExceeded(cap), hold: hold)),
            .released(Released(hold: hold, request: .number(44))),
            .subscribed(Subscribed(topics: .cutoffs, cutoffs: [cutoff, cutoff])),
            .cutoff(cutoff),
            .order(Order(order: 12, deployment: "d", action: .stop, reason: "r")), .pong,
            .error(ConnectionFault(.overloaded, "connect again")),
        ]
    }
}
