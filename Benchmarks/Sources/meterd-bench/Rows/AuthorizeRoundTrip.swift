import Quantities
import Wire

/// How long a gateway waits for leave, with a hold, from a daemon that has nothing else to do.
struct AuthorizeRoundTrip {
    static let name = "authorise with a hold, idle"

    private let world: World
    private let socket: Socket

    init(_ world: World) throws {
        self.world = world
        socket = try Socket(path: world.daemon.dataSocket)
        var opening = Opening()
        opening.names(.key, world.keys)
        opening.names(.model, Workload.models)
        try opening.send(to: socket)
    }

    func run() throws -> [ReportRow] {
        let against = "a bare echo, blocking client and thread, same kind of socket, same sizes"
        let target = Target(ratio: 2, figure: nil)
        var median = ReportRow("\(AuthorizeRoundTrip.name), p50", .microseconds, against: against)
        var tail = ReportRow(
            "\(AuthorizeRoundTrip.name), p99",
            .microseconds,
            against: against,
            target: target
        )
        let calls = world.options.calls
        _ = try measure(calls / 10 + 1, seed: 0)
        for round in 1...world.options.rounds {
            let figures = try measure(calls, seed: UInt64(round))
            let echoes = try Echo.measure(calls, sizes: figures.sizes)
            let (p50, p99) = (
                Rounds.quantile(figures.times, 0.5), Rounds.quantile(figures.times, 0.99)
            )
            median.add(p50, baseline: Rounds.quantile(echoes, 0.5))
            tail.add(p99, baseline: Rounds.quantile(echoes, 0.99))
            Progress.say(
                "\(AuthorizeRoundTrip.name): p50 \(Unit.microseconds.text(p50)), "
                    + "p99 \(Unit.microseconds.text(p99))"
            )
        }
        tail.details["calls in a round"] = Double(calls)
        return [median, tail]
    }

    /// Asks, and gives the hold back outside the measured time; times come sorted.
    private func measure(
        _ calls: Int,
        seed: UInt64
    ) throws -> (times: [Double], sizes: Echo.Sizes) {
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
        return (times.sorted(), sizes)
    }

    private func append(
        _ call: UInt64,
        _ random: inout SeededGenerator,
        _ buffer: inout WireBuffer
    ) {
        var request = AuthorizeRequest(
            request: .number(call),
            accountKind: .key,
            account: .index(UInt32(world.workload.organisation(&random))),
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

/// The baseline of every round trip: a thread that answers as many bytes, and does nothing else.
enum Echo {
    /// How long the messages are.
    struct Sizes: Sendable {
        var request = 0
        var answer = 0
        var release = 0
        var released = 0
    }

    /// Plays the same exchange; the times of the first half of it come sorted, in microseconds.
    static func measure(_ calls: Int, sizes: Sizes) throws -> [Double] {
        let (client, server) = try Socket.pair()
        let answering = Worker {
            let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: 65_536, alignment: 16)
            defer { bytes.deallocate() }
            while try server.receiveAll(.init(rebasing: bytes[..<sizes.request])) {
                try server.sendAll(.init(rebasing: bytes[..<sizes.answer]))
                guard try server.receiveAll(.init(rebasing: bytes[..<sizes.release])) else {
                    return
                }
                try server.sendAll(.init(rebasing: bytes[..<sizes.released]))
            }
        }
        let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: 65_536, alignment: 16)
        defer { bytes.deallocate() }
        bytes.initializeMemory(as: UInt8.self, repeating: 0)
        var times: [Double] = []
        times.reserveCapacity(calls)
        for _ in 0..<calls {
            let start = Clock.nanoseconds
            try client.sendAll(.init(rebasing: bytes[..<sizes.request]))
            _ = try client.receiveAll(.init(rebasing: bytes[..<sizes.answer]))
            times.append(Double(Clock.nanoseconds - start) / 1000)
            try client.sendAll(.init(rebasing: bytes[..<sizes.release]))
            _ = try client.receiveAll(.init(rebasing: bytes[..<sizes.released]))
        }
        client.endSending()
        try answering.join()
        return times.sorted()
    }
}
