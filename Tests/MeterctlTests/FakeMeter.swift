import Foundation
import Quantities
import Synchronization
import Wire

/// A data socket that knows enough of the protocol to be sent to, asked and watched.
final class FakeMeter: Sendable {
    struct State: Sendable {
        var sequences: [String: UInt64] = [:]
        var usage: [UsageSeen] = []
        var duplicates = 0
        var connections = 0
        var descriptors: [Int32] = []
        var released = 0
        /// Closes the connection, once, after so many events.
        var dropAfter: Int?
        var isCutOff = false
        var isOver = false
    }

    struct UsageSeen: Sendable, Equatable {
        var sequence: UInt64
        var id: String
        var tokens: TokenCounts
        var at: Timestamp?
    }

    let state = Mutex(State())
    let path = "/tmp/mfm-\(UInt64.random(in: 0...UInt64.max)).sock"
    let organisation: String
    /// Books a request; tells whether the wallet is used up.
    private let book: @Sendable (UsageSeen) -> Bool
    /// Whether the wallet has something again.
    private let isRestored: @Sendable () -> Bool
    private let listener: Int32

    init(
        organisation: String = "acme",
        book: @escaping @Sendable (UsageSeen) -> Bool = { _ in false },
        isRestored: @escaping @Sendable () -> Bool = { false }
    ) {
        self.organisation = organisation
        self.book = book
        self.isRestored = isRestored
        listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        _ = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        listen(listener, 16)
        Thread { self.accept() }.start()
    }

    /// Ends all threads.
    func stop() {
        let descriptors = state.withLock { state in
            state.isOver = true
            return state.descriptors
        }
        shutdown(listener, Int32(SHUT_RDWR))
        for descriptor in descriptors { shutdown(descriptor, Int32(SHUT_RDWR)) }
        unlink(path)
    }

    private func accept() {
        while true {
            let descriptor = Foundation.accept(listener, nil, nil)
            guard descriptor >= 0 else { break }
            state.withLock {
                $0.connections += 1
                $0.descriptors.append(descriptor)
            }
            Thread { FakeConnection(self, descriptor).serve() }.start()
        }
        close(listener)
    }

    func take(_ usage: UsageSeen, producer: String) -> Bool {
        let isNew = state.withLock { state in
            guard usage.sequence > state.sequences[producer] ?? 0 else {
                state.duplicates += 1
                return false
            }
            state.sequences[producer] = usage.sequence
            state.usage.append(usage)
            return true
        }
        return isNew && book(usage)
    }

    func restored() -> Bool { isRestored() }
}

/// One client of the fake.
private final class FakeConnection {
    private let meter: FakeMeter
    private let descriptor: Int32
    private var decoder = BinaryClientDecoder()
    private let encoder = DaemonEncoder(.binary)
    private var names: [String: String] = [:]
    private var producer = ""
    private var isSubscribed = false
    private var wasCutOff = false

    init(_ meter: FakeMeter, _ descriptor: Int32) {
        self.meter = meter
        self.descriptor = descriptor
    }

    func serve() {
        var received: [UInt8] = []
        while !meter.state.withLock({ $0.isOver }) {
            push()
            var poller = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            guard poll(&poller, 1, 10) > 0 else { continue }
            var block = [UInt8](repeating: 0, count: 64 << 10)
            let count = recv(descriptor, &block, block.count, 0)
            guard count > 0 else { break }
            received += block[..<count]
            guard takeFrames(&received) else { break }
        }
        meter.state.withLock { $0.descriptors.removeAll { $0 == descriptor } }
        close(descriptor)
    }

    /// Takes whole frames; false when the connection is to be dropped.
    private func takeFrames(_ received: inout [UInt8]) -> Bool {
        while true {
            let step = BinaryFramer(limits: WireLimits()).next(in: received.span.bytes)
            guard case .frame(let header, let length) = step else { return true }
            let frame = Array(received[..<length])
            received.removeFirst(length)
            switch decoder.decode(header, frame.span.bytes) {
            case .usage(var reader):
                guard takeUsage(&reader, frame) else { return false }
            case .heartbeats: break
            case .single(.message(let message)): answer(message, frame)
            case .single: break
            }
        }
    }

    private func takeUsage(_ reader: inout UsageFrameReader, _ frame: [UInt8]) -> Bool {
        var report = UsageReport()
        while true {
            switch reader.next(in: frame.span.bytes, into: &report) {
            case .usage:
                let drops = meter.state.withLock { state in
                    guard let left = state.dropAfter else { return false }
                    state.dropAfter = left > 0 ? left - 1 : nil
                    return left == 0
                }
                if drops { return false }
                take(report, frame)
            case .end:
                let last = meter.state.withLock { $0.sequences[producer] ?? 0 }
                send(.ack(.sequence(last)))
                return true
            case .rejected, .fault: return false
            }
        }
    }

    private func take(_ report: UsageReport, _ frame: [UInt8]) {
        if name(report.model, .model, frame) == "unknown" {
            meter.state.withLock { $0.sequences[producer] = report.sequence }
            send(
                .rejected(
                    Rejection(
                        .unknownModel,
                        subject: .sequence(report.sequence),
                        message: "model \"unknown\" is not on the rate card"
                    )
                )
            )
            return
        }
        let seen = FakeMeter.UsageSeen(
            sequence: report.sequence,
            id: report.id.text(in: frame.span.bytes),
            tokens: report.tokens,
            at: report.at
        )
        if meter.take(seen, producer: producer) { meter.state.withLock { $0.isCutOff = true } }
    }

    private func answer(_ message: ClientMessage, _ frame: [UInt8]) {
        switch message {
        case .hello(let hello):
            producer = hello.producer.text(in: frame.span.bytes)
            let last = meter.state.withLock { $0.sequences[producer] ?? 0 }
            send(.welcome(Welcome(daemon: "fake", lastSequence: last)))
        case .name(let definition):
            names["\(definition.kind)-\(definition.index)"] = definition.text.text(
                in: frame.span.bytes
            )
        case .authorize(let call): authorize(call, frame)
        case .release(let call):
            meter.state.withLock { $0.released += 1 }
            send(.released(Released(hold: call.hold, request: call.request)))
        case .subscribe(let topics):
            isSubscribed = true
            send(.subscribed(Subscribed(topics: topics, cutoffs: [])))
        case .ping: send(.pong)
        case .usage, .heartbeat, .extend, .orderDone, .authorizeMachine: break
        }
    }

    private func authorize(_ call: AuthorizeRequest, _ frame: [UInt8]) {
        let isRefused = meter.state.withLock { $0.isCutOff }
        if isRefused || name(call.model, .model, frame) == "refused" {
            let refusal = Refusal.insufficientCredits(
                balance: .zero,
                held: .zero,
                org: meter.organisation
            )
            send(.refused(Refused(request: call.request, refusal: refusal)))
            return
        }
        send(
            .granted(
                Granted(
                    request: call.request,
                    hold: HoldNumber(org: OrgNumber(1), serial: 7),
                    amount: Amount(units: 45_000_000_000),
                    validMilliseconds: 600_000,
                    isFinal: false,
                    outputTokens: 1024
                )
            )
        )
    }

    /// Tells a subscriber what has changed.
    private func push() {
        guard isSubscribed else { return }
        let at = Timestamp(microseconds: 1_772_359_200_000_000)
        let isCutOff = meter.state.withLock { state in
            if state.isCutOff, meter.restored() { state.isCutOff = false }
            return state.isCutOff
        }
        guard isCutOff != wasCutOff else { return }
        wasCutOff = isCutOff
        let reason = isCutOff ? "insufficient_credits" : "credits_granted"
        let push = Cutoff(scope: .org, id: meter.organisation, reason: reason, at: at)
        send(isCutOff ? .cutoff(push) : .restored(push))
    }

    private func name(_ name: WireName, _ kind: NameKind, _ frame: [UInt8]) -> String {
        switch name {
        case .absent: ""
        case .index(let index): names["\(kind)-\(index)"] ?? ""
        case .text(let range): range.text(in: frame.span.bytes)
        }
    }

    private func send(_ message: DaemonMessage) {
        var buffer = WireBuffer(capacity: 1024)
        encoder.append(message, to: &buffer)
        buffer.withBytes { bytes in
            bytes.withUnsafeBytes { raw in
                _ = Foundation.send(descriptor, raw.baseAddress, raw.count, Int32(MSG_NOSIGNAL))
            }
        }
    }
}
