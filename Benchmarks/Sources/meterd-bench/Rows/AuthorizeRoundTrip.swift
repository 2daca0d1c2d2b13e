import Glibc
import Quantities
import Wire

/// How long a gateway waits for leave, with a hold: from a daemon that has nothing else to do, and
/// from one that takes usage from others meanwhile.
struct AuthorizeRoundTrip {
    static let name = "authorise with a hold, idle"
    static let loadName = "authorise with a hold, under load"

    private let world: World
    private let client: AuthorizeClient

    init(_ world: World) throws {
        self.world = world
        client = try AuthorizeClient(world)
    }

    /// With nothing else to do.
    func runIdle() throws -> [ReportRow] {
        let against = "a bare echo, blocking client and thread, same kind of socket, same sizes"
        var median = ReportRow("\(AuthorizeRoundTrip.name), p50", .microseconds, against: against)
        var tail = ReportRow(
            "\(AuthorizeRoundTrip.name), p99",
            .microseconds,
            against: against,
            target: Target(ratio: 2)
        )
        let calls = world.options.calls
        _ = try client.measure(calls / 10 + 1, seed: 0)
        for round in 1...world.options.rounds {
            let figures = try client.measure(calls, seed: UInt64(round))
            let echoes = try Echo.measure(calls, sizes: figures.sizes)
            median.add(figures.times[0.5], baseline: echoes[0.5])
            tail.add(figures.times[0.99], baseline: echoes[0.99])
            Progress.say("\(AuthorizeRoundTrip.name): \(figures.times.text), echo \(echoes.text)")
        }
        tail.details["calls in a round"] = Double(calls)
        return [median, tail]
    }

    /// With usage from other connections, at a rate that does not depend on the daemon.
    func runUnderLoad() throws -> [ReportRow] {
        let against =
            "the same echo without any load; usage comes from \(OpenLoop.connections) other "
            + "connections, each with a frame a millisecond"
        let fractions: [(name: String, fraction: Double)] = [
            ("p50", 0.5), ("p99", 0.99), ("p99.9", 0.999),
        ]
        var rows = fractions.map {
            ReportRow("\(AuthorizeRoundTrip.loadName), \($0.name)", .microseconds, against: against)
        }
        rows[1].target = Target(ratio: 5)
        let calls = world.options.calls
        let wanted = OpenLoop.rate(near: world.options.load)
        var slowest = Double.infinity
        for round in 0...world.options.rounds {
            let load = try OpenLoop(world, name: "load-\(round)", perSecond: wanted)
            // Not what the first frames cost.
            usleep(200_000)
            let figures = try client.measure(calls, seed: UInt64(round))
            let outcome = try load.end()
            let echoes = try Echo.measure(calls, sizes: figures.sizes)
            Progress.say(
                "\(AuthorizeRoundTrip.loadName): \(figures.times.text), echo \(echoes.text), with "
                    + "\(Unit.perSecond.text(outcome.perSecond)) of usage"
                    + (round == 0 ? " (warming up)" : "")
            )
            guard round > 0 else { continue }
            for (index, (_, fraction)) in fractions.enumerated() {
                rows[index].add(figures.times[fraction], baseline: echoes[fraction])
            }
            slowest = min(slowest, outcome.perSecond)
            rows[1].details["usage events/s"] = outcome.perSecond
            rows[1].details["latest frame ms"] = outcome.worstDelay
        }
        rows[1].details["calls in a round"] = Double(calls)
        if slowest < Double(wanted) * 0.99 {
            let text =
                "the sender could not keep \(wanted) events a second: it came down to "
                + "\(Int(slowest))"
            for index in rows.indices { rows[index].warnings.append(text) }
        }
        return rows
    }
}

/// A connection that asks for leave again and again, one request at a time.
struct AuthorizeClient {
    private let world: World
    private let socket: Socket
    private let share: Share
    private let sampler: ZipfSampler

    init(_ world: World) throws {
        self.world = world
        socket = try Socket(path: world.daemon.dataSocket)
        var opening = Opening()
        share = world.share(0)
        sampler = ZipfSampler(organisations: world.plan.organisations, share: share)
        opening.names(.key, share.keys(of: world.plan.organisations))
        opening.names(.model, Workload.models)
        try opening.send(to: socket)
    }

    /// Asks, and gives the hold back outside the measured time.
    func measure(_ calls: Int, seed: UInt64) throws -> (times: Latencies, sizes: Echo.Sizes) {
        var random = SeededGenerator(seed: world.options.seed &+ seed)
        var times: [Double] = []
        times.reserveCapacity(calls)
        var sizes = Echo.Sizes()
        var buffer = WireBuffer()
        let answer = UnsafeMutableRawBufferPointer.allocate(byteCount: 65_536, alignment: 16)
        defer { answer.deallocate() }
        for call in 1...calls {
            append(UInt64(call), &random, &buffer)
            sizes.request = buffer.count
            let start = Clock.nanoseconds
            try send(&buffer)
            let count = try socket.receive(answer)
            times.append(Double(Clock.nanoseconds - start) / 1000)
            sizes.answer = count
            let granted = try granted(UnsafeRawBufferPointer(rebasing: answer[..<count]))
            let release = ReleaseRequest(hold: granted.hold, request: .number(UInt64(call)))
            append(.release(release), &buffer)
            sizes.release = buffer.count
            try send(&buffer)
            sizes.released = try socket.receive(answer)
        }
        return (Latencies(times), sizes)
    }

    private func append(
        _ call: UInt64,
        _ random: inout SeededGenerator,
        _ buffer: inout WireBuffer
    ) {
        var request = AuthorizeRequest(
            request: .number(call),
            accountKind: .key,
            account: .index(share.index(of: sampler.next(&random))),
            model: .index(UInt32(random.next() % UInt64(Workload.models.count)))
        )
        let tokens = world.workload.tokens(&random)
        request.maxInputTokens = tokens.input
        request.maxOutputTokens = max(tokens.output, 1)
        append(.authorize(request), &buffer)
    }

    private func append(_ message: ClientMessage, _ buffer: inout WireBuffer) {
        let none: [UInt8] = []
        ClientEncoder(.binary).append(message, texts: none.span.bytes, to: &buffer)
    }

    private func send(_ buffer: inout WireBuffer) throws {
        try buffer.withBytes { span in
            try span.withUnsafeBytes { try socket.sendAll($0) }
        }
        buffer.removeAll()
    }

    private func granted(_ bytes: UnsafeRawBufferPointer) throws -> Granted {
        guard case .frame(let header, let length) = BinaryFramer().next(in: bytes.bytes),
            length == bytes.count
        else { throw BenchError("an answer in more than one piece: \(bytes.count) bytes") }
        do throws(ConnectionFault) {
            let message = try BinaryDaemonDecoder().decode(header, bytes.bytes)
            if case .granted(let granted) = message { return granted }
            throw ConnectionFault(.malformed, "\(message)")
        } catch {
            throw BenchError("not granted: \(error.message)")
        }
    }
}
