import CLinux
import Dispatch
import Glibc
import Quantities
import Synchronization
import Wire

/// A daemon of a few lines: accepts connections on a Unix socket, notes what clients say, and
/// answers as a test wants.
final class FakeDaemon: Sendable {
    /// What a client said, with its texts.
    enum Heard: Sendable, Hashable {
        case hello(String)
        case usage(sequence: UInt64, id: String, model: String, hold: HoldNumber?)
        case heartbeat(sequence: UInt64, deployment: String, isTimed: Bool)
        case authorize(RequestToken, account: String)
        case extend(RequestToken, HoldNumber, UInt32)
        case release(HoldNumber)
        case subscribe(Topics)
        case orderDone(UInt64)
        case ping
        case rejected(Rejection)
        case fault(ConnectionFault)
    }

    /// Answers, in order, to one thing heard; nil closes the connection.
    typealias Script = @Sendable (Heard) -> [DaemonMessage]?

    let path: String
    private let listener: Int32
    private let heard = Mutex<[Heard]>([])
    private let script: Script

    init(_ script: @escaping Script) {
        self.script = script
        path = "/tmp/meterd-test-\(getpid())-\(UInt64.random(in: 0...UInt64.max)).sock"
        listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = bind(listener, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        listen(listener, 16)
    }

    /// Serves connections one after another until `stop`.
    func start() {
        DispatchQueue(label: "fake.daemon").async { [self] in
            while true {
                let descriptor = accept(listener, nil, nil)
                guard descriptor >= 0 else { return }
                serve(descriptor)
                close(descriptor)
            }
        }
    }

    /// Ends `accept`; the descriptor is closed only when nobody can use its number any more.
    func stop() {
        shutdown(listener, Int32(SHUT_RDWR))
        unlink(path)
    }

    deinit {
        close(listener)
    }

    var log: [Heard] { heard.withLock { $0 } }

    /// The sequences of all usages heard so far.
    var sequences: [UInt64] {
        log.compactMap { if case .usage(let sequence, _, _, _) = $0 { sequence } else { nil } }
    }

    private func serve(_ descriptor: Int32) {
        var session = Session()
        var received: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = recv(descriptor, &chunk, chunk.count, 0)
            guard count > 0 else { return }
            received += chunk[0..<count]
            for item in session.take(&received) {
                heard.withLock { $0.append(item) }
                guard let answers = script(item) else { return }
                var out = WireBuffer()
                for answer in answers {
                    DaemonEncoder(session.encoding).append(answer, to: &out)
                }
                out.withBytes { bytes in
                    bytes.withUnsafeBytes {
                        _ = send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                    }
                }
            }
        }
    }
}

/// One connection's decoding in the fake daemon.
private struct Session {
    var encoding = WireEncoding.binary
    private var decoder = BinaryClientDecoder()
    private var lines = LineFramer()
    private var names: [NameKind: [String]] = [:]
    private var knowsEncoding = false

    mutating func take(_ received: inout [UInt8]) -> [FakeDaemon.Heard] {
        if !knowsEncoding, let first = received.first {
            encoding = .chosen(byFirst: first)
            knowsEncoding = true
        }
        return encoding == .binary ? frames(&received) : takeLines(&received)
    }

    private mutating func frames(_ received: inout [UInt8]) -> [FakeDaemon.Heard] {
        var heard: [FakeDaemon.Heard] = []
        while case .frame(let header, let length) = BinaryFramer().next(in: received.span.bytes) {
            let frame = Array(received[0..<length])
            received.removeFirst(length)
            let bytes = frame.span.bytes
            switch decoder.decode(header, bytes) {
            case .single(let step): heard += self.heard(step, bytes)
            case .usage(var reader):
                var report = UsageReport()
                loop: while true {
                    switch reader.next(in: bytes, into: &report) {
                    case .usage: heard += self.heard(.message(.usage(report)), bytes)
                    case .rejected: heard += reader.rejection.map { [.rejected($0)] } ?? []
                    case .fault: heard += reader.fault.map { [.fault($0)] } ?? []
                    case .end: break loop
                    }
                    if reader.fault != nil { break loop }
                }
            case .heartbeats(var reader):
                while case .heartbeat(let report) = reader.next(in: bytes) {
                    heard += self.heard(.message(.heartbeat(report)), bytes)
                }
            }
        }
        return heard
    }

    private mutating func takeLines(_ received: inout [UInt8]) -> [FakeDaemon.Heard] {
        var heard: [FakeDaemon.Heard] = []
        while case .line(let length) = lines.next(in: received.span.bytes) {
            var line = Array(received[0..<length])
            received.removeFirst(length + 1)
            var span = line.mutableSpan
            var raw = span.mutableBytes
            let step = JSONClientDecoder().decode(&raw)
            heard += self.heard(step, raw.bytes)
        }
        return heard
    }

    private mutating func heard(_ step: ClientStep, _ bytes: RawSpan) -> [FakeDaemon.Heard] {
        switch step {
        case .message(let message): self.heard(message, bytes)
        case .rejected(let rejection): [.rejected(rejection)]
        case .fault(let fault): [.fault(fault)]
        case .nothing: []
        }
    }

    private mutating func heard(
        _ message: ClientMessage,
        _ bytes: RawSpan
    ) -> [FakeDaemon.Heard] {
        switch message {
        case .hello(let hello): return [.hello(hello.producer.text(in: bytes))]
        case .name(let name):
            names[name.kind, default: []].append(name.text.text(in: bytes))
            return []
        case .usage(let report):
            return [
                .usage(
                    sequence: report.sequence,
                    id: report.id.text(in: bytes),
                    model: text(report.model, .model, bytes),
                    hold: report.hold
                )
            ]
        case .heartbeat(let report):
            let deployment = report.deployment.text(in: bytes)
            return [
                .heartbeat(
                    sequence: report.sequence,
                    deployment: deployment,
                    isTimed: report.at != nil
                )
            ]
        case .authorize(let request):
            let account = text(request.account, request.accountKind.nameKind, bytes)
            return [.authorize(request.request, account: account)]
        case .authorizeMachine(let request):
            let account = text(request.account, request.accountKind.nameKind, bytes)
            return [.authorize(request.request, account: account)]
        case .extend(let request):
            return [.extend(request.request, request.hold, request.tokens.output)]
        case .release(let request): return [.release(request.hold)]
        case .subscribe(let topics): return [.subscribe(topics)]
        case .orderDone(let done): return [.orderDone(done.order)]
        case .ping: return [.ping]
        }
    }

    private func text(_ name: WireName, _ kind: NameKind, _ bytes: RawSpan) -> String {
        switch name {
        case .absent: ""
        case .index(let index): names[kind]?[Int(index)] ?? "?"
        case .text(let range): range.text(in: bytes)
        }
    }
}

/// Waits until something becomes true, for at most five seconds.
func eventually(_ condition: () -> Bool) -> Bool {
    for _ in 0..<1000 {
        if condition() { return true }
        usleep(5000)
    }
    return false
}
