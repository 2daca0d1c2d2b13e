import Dispatch
import Glibc
import Quantities
import Synchronization
import Testing
import Wire

@testable import MeterClient

/// Goal: a stream keeps its promises over real sockets.
///
/// Method: a fake daemon with a script.
@Suite struct MeterStreamTests {
    private func usage(_ number: Int, model: String = "opus") -> UsageEvent {
        UsageEvent(
            id: "req-\(number)",
            account: .key("key_1"),
            model: model,
            tokens: TokenCounts(input: 10, output: 5)
        )
    }

    private func settings(
        _ daemon: FakeDaemon,
        _ encoding: WireEncoding = .binary
    ) -> MeterStreamSettings {
        var settings = MeterStreamSettings(path: daemon.path, producer: "gateway-1")
        settings.encoding = encoding
        settings.firstBackoff = .milliseconds(10)
        return settings
    }

    @Test(arguments: WireEncoding.allCases)
    func `events go out in sequence and are acknowledged`(encoding: WireEncoding) throws {
        let daemon = FakeDaemon { heard in
            switch heard {
            case .hello: [.welcome(Welcome(daemon: "fake", lastSequence: 40))]
            case .usage(let sequence, _, _, _), .heartbeat(let sequence, _, _):
                [.ack(.sequence(sequence))]
            default: []
            }
        }
        daemon.start()
        defer { daemon.stop() }
        let stream = MeterStream(settings(daemon, encoding))
        for number in 1...300 {
            try stream.send(usage(number, model: number % 2 == 0 ? "opus" : "haiku"))
        }
        try stream.send(
            MachineSample(
                deployment: "dep-1",
                boot: "b",
                org: "acme",
                machine: "gpu",
                uptimeMilliseconds: 5
            )
        )
        #expect(stream.drain(timeout: .seconds(5)))
        stream.close()
        #expect(daemon.sequences == Array(41...340))
        let log = daemon.log
        #expect(log.first == .hello("gateway-1"))
        #expect(log.last == .heartbeat(sequence: 341, deployment: "dep-1", isTimed: true))
        #expect(log[2] == .usage(sequence: 42, id: "req-2", model: "opus", hold: nil))
        #expect(throws: MeterClientError.closed) { try stream.send(usage(9)) }
    }

    @Test(arguments: WireEncoding.allCases)
    func `after a reconnect exactly the unsafe events are sent again`(
        encoding: WireEncoding
    ) throws {
        let hellos = Mutex(0)
        let daemon = FakeDaemon { heard in
            let connection = hellos.withLock { $0 }
            switch heard {
            case .hello:
                hellos.withLock { $0 += 1 }
                // 6 is safe although its ack never came: the second welcome says so.
                let last: UInt64 = connection == 0 ? 0 : 6
                return [.welcome(Welcome(daemon: "fake", lastSequence: last))]
            case .usage(let sequence, _, _, _) where connection == 1:
                if sequence == 10 { return nil }
                return sequence == 4 ? [.ack(.sequence(4))] : []
            case .usage(let sequence, _, _, _): return [.ack(.sequence(sequence))]
            default: return []
            }
        }
        daemon.start()
        defer { daemon.stop() }
        let notices = Mutex<[MeterNotice]>([])
        let stream = MeterStream(settings(daemon, encoding)) { notice in
            notices.withLock { $0.append(notice) }
        }
        for number in 1...10 { try stream.send(usage(number)) }
        #expect(stream.drain(timeout: .seconds(5)))
        stream.close()
        #expect(daemon.sequences == Array(1...10) + Array(7...10))
        let seen = notices.withLock { $0 }
        #expect(seen.first == .connected(lastSequence: 0))
        #expect(seen.last == .connected(lastSequence: 6))
    }

    @Test func `a full buffer makes the sender wait until an ack comes`() throws {
        let gate = DispatchSemaphore(value: 0)
        let daemon = FakeDaemon { heard in
            switch heard {
            case .hello: return [.welcome(Welcome(daemon: "fake", lastSequence: 0))]
            case .usage(let sequence, _, _, _):
                if sequence < 4 { return [] }
                gate.wait()
                return [.ack(.sequence(sequence))]
            default: return []
            }
        }
        daemon.start()
        defer { daemon.stop() }
        var settings = settings(daemon)
        settings.capacity = 4
        let stream = MeterStream(settings)
        let sent = Mutex(0)
        let done = DispatchSemaphore(value: 0)
        DispatchQueue(label: "sender").async {
            for number in 1...6 {
                do {
                    try stream.send(usage(number))
                    sent.withLock { $0 += 1 }
                } catch {
                    break
                }
            }
            done.signal()
        }
        #expect(eventually { daemon.sequences.count == 4 })
        usleep(50_000)
        #expect(sent.withLock { $0 } == 4 && stream.unacknowledged == 4)
        for _ in 0..<3 { gate.signal() }
        done.wait()
        #expect(stream.drain(timeout: .seconds(5)))
        #expect(sent.withLock { $0 } == 6)
        stream.close()
    }

    @Test func `calls get their answers, and a refusal is an answer`() async throws {
        let hold = HoldNumber(org: OrgNumber(7), serial: 1)
        let refusal = Refusal.insufficientCredits(balance: Amount(credits: 12), held: .zero)
        let daemon = FakeDaemon { heard in
            switch heard {
            case .hello: [.welcome(Welcome(daemon: "fake", lastSequence: 0))]
            case .authorize(let request, "key_1"):
                [
                    .granted(
                        Granted(
                            request: request,
                            hold: hold,
                            amount: Amount(credits: 1),
                            validMilliseconds: 1000,
                            isFinal: false,
                            outputTokens: 100
                        )
                    )
                ]
            case .authorize(let request, "broke"):
                [.refused(Refused(request: request, refusal: refusal))]
            case .authorize(let request, _):
                [.rejected(Rejection(.unknownOrg, subject: .request(request), message: "?"))]
            case .extend(let request, let hold, _):
                [.refused(Refused(request: request, refusal: refusal, hold: hold))]
            case .release(let hold): [.released(Released(hold: hold, request: .number(5)))]
            case .ping: [.pong]
            case .usage(let sequence, _, _, _): [.ack(.sequence(sequence))]
            default: []
            }
        }
        daemon.start()
        defer { daemon.stop() }
        let stream = MeterStream(settings(daemon))
        let call = AuthorizeCall(account: .key("key_1"), model: "opus")
        guard case .granted(let granted) = try stream.authorize(call) else {
            Issue.record("not granted")
            return
        }
        #expect(granted.hold == hold && granted.outputTokens == 100)
        var broke = call
        broke.account = .org("broke")
        guard case .refused(let refused) = try await stream.authorized(broke) else {
            Issue.record("not refused")
            return
        }
        #expect(refused.status == 402 && refused.body == refusal.body)
        #expect(refused.limit == refusal.limit)
        var unknown = call
        unknown.account = .org("nobody")
        #expect(throws: MeterClientError.self) { try stream.authorize(unknown) }
        guard case .refused(let second) = try stream.extend(hold, used: TokenCounts(output: 9))
        else {
            Issue.record("not refused")
            return
        }
        #expect(second.hold == hold)
        try stream.release(hold)
        try stream.ping()
        try stream.settle(hold, with: usage(1))
        #expect(stream.drain(timeout: .seconds(5)))
        stream.close()
        #expect(daemon.log.last == .usage(sequence: 1, id: "req-1", model: "opus", hold: hold))
    }

    @Test func `a call that is not answered times out, and its late grant is given back`() throws {
        let hold = HoldNumber(org: OrgNumber(7), serial: 1)
        let daemon = FakeDaemon { heard in
            switch heard {
            case .hello: return [.welcome(Welcome(daemon: "fake", lastSequence: 0))]
            case .authorize(let request, _):
                usleep(100_000)
                return [
                    .granted(
                        Granted(
                            request: request,
                            hold: hold,
                            amount: .zero,
                            validMilliseconds: 1,
                            isFinal: true,
                            outputTokens: 0
                        )
                    )
                ]
            default: return []
            }
        }
        daemon.start()
        defer { daemon.stop() }
        let stream = MeterStream(settings(daemon))
        let call = AuthorizeCall(account: .key("key_1"), model: "opus")
        #expect(throws: MeterClientError.timedOut) {
            try stream.authorize(call, timeout: .milliseconds(30))
        }
        #expect(eventually { daemon.log.contains(.release(hold)) })
        stream.close()
    }

    @Test func `rejections, cutoffs and orders come as notices`() throws {
        let cutoff = Cutoff(scope: .key, id: "key_1", reason: "insufficient_credits", at: .epoch)
        let order = Order(order: 3, deployment: "dep-1", action: .stop, reason: "r")
        let rejection = Rejection(.unknownModel, subject: .sequence(1), message: "no price")
        let daemon = FakeDaemon { heard in
            switch heard {
            case .hello: [.welcome(Welcome(daemon: "fake", lastSequence: 0))]
            case .subscribe(let topics):
                [
                    .subscribed(Subscribed(topics: topics, cutoffs: [cutoff])), .restored(cutoff),
                    .order(order),
                ]
            case .usage(let sequence, _, _, _): [.rejected(rejection), .ack(.sequence(sequence))]
            default: []
            }
        }
        daemon.start()
        defer { daemon.stop() }
        let notices = Mutex<[MeterNotice]>([])
        var settings = settings(daemon)
        settings.topics = [.cutoffs, .orders]
        let stream = MeterStream(settings) { notice in notices.withLock { $0.append(notice) } }
        try stream.send(usage(1))
        #expect(stream.drain(timeout: .seconds(5)))
        stream.orderDone(3)
        #expect(eventually { daemon.log.contains(.orderDone(3)) })
        stream.close()
        #expect(
            notices.withLock { $0 } == [
                .connected(lastSequence: 0),
                .subscribed(Subscribed(topics: [.cutoffs, .orders], cutoffs: [cutoff])),
                .restored(cutoff), .order(order), .rejected(rejection),
            ]
        )
    }

    @Test func `without a daemon calls time out and the stream keeps trying`() throws {
        let daemon = FakeDaemon { heard in
            if case .hello = heard {
                return [.welcome(Welcome(daemon: "fake", lastSequence: 0))]
            }
            if case .usage(let sequence, _, _, _) = heard { return [.ack(.sequence(sequence))] }
            return []
        }
        defer { daemon.stop() }
        var settings = settings(daemon)
        settings.path = daemon.path + ".missing"
        let tries = Mutex(0)
        let stream = MeterStream(settings) { _ in tries.withLock { $0 += 1 } }
        #expect(throws: MeterClientError.timedOut) { try stream.ping(timeout: .milliseconds(50)) }
        #expect(eventually { tries.withLock { $0 } >= 2 })
        try stream.send(usage(1))
        #expect(!stream.drain(timeout: .milliseconds(20)))
        stream.close()
        #expect(stream.unacknowledged == 1)
    }

    @Test func `a text that cannot be sent is told to its sender`() {
        let stream = MeterStream(MeterStreamSettings(path: "/nowhere", producer: "p"))
        var event = usage(1)
        event.id = String(repeating: "x", count: 65)
        #expect(throws: MeterClientError.self) { try stream.send(event) }
        event.id = "a\nb"
        #expect(throws: MeterClientError.invalidText(field: "id", text: "a\nb")) {
            try stream.send(event)
        }
        event.id = "r"
        event.model = ""
        #expect(throws: MeterClientError.invalidText(field: "model", text: "")) {
            try stream.send(event)
        }
        stream.close()
    }
}
