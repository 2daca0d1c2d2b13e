import DiskSimulation
import Quantities
import Wire

/// A client's end of one connection: messages to bytes and back, in either encoding.
final class Speaker {
    let socket: SimulatedSocket
    let encoding: WireEncoding
    private var reader: DaemonReader
    private var buffer = WireBuffer(capacity: 1024)
    /// What the client's kernel has not taken yet.
    private var unsent = ByteQueue()
    private var names: [Wire.NameKind: [String: UInt32]] = [:]
    private var texts: [UInt8] = []
    /// Whether nothing comes any more.
    private(set) var isEnded = false

    init(_ socket: SimulatedSocket, _ encoding: WireEncoding) {
        self.socket = socket
        self.encoding = encoding
        reader = DaemonReader(encoding)
    }

    var hasUnsent: Bool { !unsent.isEmpty }
    var canPush: Bool {
        hasUnsent && socket.clientEnd == .open && !socket.isClosedByDaemon
            && socket.toDaemon.count < socket.capacity
    }
    var hasReceived: Bool { !socket.toClient.isEmpty || socket.isClosedByDaemon }

    /// A text that the next message refers to.
    private func text(_ text: String) -> ByteRange {
        let range = ByteRange(offset: UInt32(texts.count), length: UInt32(text.utf8.count))
        texts.append(contentsOf: text.utf8)
        return range
    }

    /// A name for the next message; in binary it is interned before its first use.
    private func name(_ kind: Wire.NameKind, _ name: String?) -> WireName {
        guard let name else { return .absent }
        guard encoding == .binary else { return .text(text(name)) }
        if let index = names[kind]?[name] { return .index(index) }
        let index = UInt32(names[kind]?.count ?? 0)
        names[kind, default: [:]][name] = index
        say(.name(NameDefinition(kind: kind, index: index, text: text(name))))
        return .index(index)
    }

    private func say(_ message: ClientMessage) {
        let encoder = ClientEncoder(encoding)
        texts.withUnsafeBytes { bytes in
            encoder.append(message, texts: bytes.bytes, to: &buffer)
        }
        texts.removeAll(keepingCapacity: true)
        drain()
    }

    private func drain() {
        buffer.withBytes { span in
            span.withUnsafeBytes { unsent.append($0) }
        }
        buffer.removeAll()
    }

    func hello(_ producer: String, _ durability: Durability) {
        let name = text(producer)
        say(.hello(Hello(producer: name, durability: durability)))
    }

    func subscribe() {
        say(.subscribe(.cutoffs))
    }

    func subscribeToOrders() {
        say(.subscribe(.orders))
    }

    func done(_ order: UInt64) {
        say(.orderDone(OrderDone(order: order)))
    }

    func beat(_ beat: SimulatedBeat) {
        let org = name(.org, beat.organisation)
        let machine = name(.machine, beat.machine)
        var report = HeartbeatReport(
            deployment: text(beat.deployment),
            boot: text(beat.boot),
            org: org,
            machine: machine,
            uptimeMilliseconds: beat.uptime,
            state: beat.isRunning ? .running : .stopped
        )
        report.vcpuThousandths = beat.vcpu
        report.memoryThousandths = 4000
        report.storageThousandths = 20_000
        report.sentBytes = beat.sent
        say(.heartbeat(report))
    }

    func start(
        _ deployment: String,
        _ organisation: String,
        _ machine: String,
        vcpu: UInt32,
        number: UInt64
    ) {
        let org = name(.org, organisation)
        let machine = name(.machine, machine)
        var request = MachineAuthorizeRequest(
            request: .number(number),
            accountKind: .org,
            account: org,
            machine: machine,
            deployment: text(deployment)
        )
        request.vcpuThousandths = vcpu
        request.memoryThousandths = 4000
        request.storageThousandths = 20_000
        say(.authorizeMachine(request))
    }

    func ping() {
        say(.ping)
    }

    private func usage(_ report: Report) -> UsageReport {
        let account = name(report.accountKind.nameKind, report.account)
        let project = name(.project, report.project)
        let model = name(.model, report.model)
        let provider = name(.provider, report.provider)
        var usage = UsageReport(
            sequence: report.sequence,
            id: text(report.id),
            accountKind: report.accountKind,
            account: account,
            model: model,
            tokens: report.tokens
        )
        usage.project = project
        usage.provider = provider
        usage.session = text(report.session)
        usage.failed = report.failed
        usage.cacheHit = report.cacheHit
        usage.at = report.at
        usage.hold = report.hold
        return usage
    }

    /// Reports usage; in binary all in one frame.
    func report(_ reports: ArraySlice<Report>) {
        guard encoding == .binary else {
            for report in reports { say(.usage(usage(report))) }
            return
        }
        // Names go in frames of their own, in front.
        for report in reports {
            _ = usage(report)
            texts.removeAll(keepingCapacity: true)
        }
        var batch = UsageBatchEncoder(in: &buffer)
        for report in reports {
            let usage = usage(report)
            texts.withUnsafeBytes { bytes in
                _ = batch.append(usage, texts: bytes.bytes, to: &buffer)
            }
            texts.removeAll(keepingCapacity: true)
        }
        batch.finish(&buffer)
        drain()
    }

    func authorize(_ request: Request, number: UInt64) {
        let account = name(request.accountKind.nameKind, request.account)
        let model = name(.model, request.model)
        var message = AuthorizeRequest(
            request: .number(number),
            accountKind: request.accountKind,
            account: account,
            model: model
        )
        message.maxInputTokens = request.maxInput
        message.maxOutputTokens = request.maxOutput
        message.ttlMilliseconds = request.ttlMilliseconds
        say(.authorize(message))
    }

    func extend(_ hold: HoldNumber, number: UInt64, tokens: TokenCounts, maxOutput: UInt32?) {
        say(
            .extend(
                ExtendRequest(
                    request: .number(number),
                    hold: hold,
                    tokens: tokens,
                    maxOutputTokens: maxOutput
                )
            )
        )
    }

    func release(_ hold: HoldNumber, number: UInt64) {
        say(.release(ReleaseRequest(hold: hold, request: .number(number))))
    }

    /// Hands some of what was said to the kernel.
    func push(_ random: inout SplitMix) {
        let room = min(unsent.count, socket.capacity - socket.toDaemon.count)
        guard room > 0, !socket.isClosedByDaemon else { return }
        let count = random.below(3) == 0 ? 1 + random.below(room) : room
        socket.toDaemon.append(unsent.take(count))
    }

    /// Takes some of what came, and gives what is whole of it.
    func pull(_ random: inout SplitMix) throws(Violation) -> [DaemonMessage] {
        let available = socket.toClient.count
        if available == 0 {
            if socket.isClosedByDaemon { isEnded = true }
            return []
        }
        let count = random.below(4) == 0 ? 1 + random.below(available) : available
        var left = count
        while left > 0 {
            reader.receive { space in
                let part = min(left, space.count)
                socket.toClient.take(part, into: space)
                left -= part
                return part
            }
        }
        var messages: [DaemonMessage] = []
        do {
            while let message = try reader.next() { messages.append(message) }
        } catch {
            throw Violation("unreadable-answer", "\(error)")
        }
        return messages
    }
}

/// One request's usage, as a client reports it.
struct Report {
    var sequence: UInt64 = 0
    var id: String
    var accountKind = AccountKind.org
    var account: String
    /// Which organisation is meant; nil where nobody is.
    var organisation: String?
    var project: String?
    var model: String
    var provider: String?
    var session = ""
    var tokens: TokenCounts
    var failed = false
    var cacheHit = false
    var at: Timestamp?
    var hold: HoldNumber?
    /// Whether the daemon has a reason to reject it.
    var isBad = false
    /// Whether it was answered with a rejection.
    var isRejected = false
}

/// A request for a hold.
struct Request {
    var accountKind: AccountKind
    var account: String
    var organisation: String
    var key: String?
    var model: String
    var maxInput: UInt32
    var maxOutput: UInt32?
    var ttlMilliseconds: UInt32?
    /// When it was sent, in steps.
    var sentAt = 0
}
