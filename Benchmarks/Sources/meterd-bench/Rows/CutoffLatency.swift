import Quantities
import Wire

/// How long after the last credit is used a gateway knows: from sending the usage event that
/// empties a wallet until its `cutoff` has arrived on another connection.
final class CutoffLatency {
    static let name = "usage that empties a wallet to the cutoff"

    private let world: World
    private let pushes: Socket
    private var cutoffs = DaemonReader(.binary)

    /// How many wallets all rounds together empty.
    static func walletsNeeded(_ options: Options) -> Int { options.wallets * (options.rounds + 1) }

    init(_ world: World) throws {
        self.world = world
        pushes = try Socket(path: world.daemon.dataSocket)
        var subscription = WireBuffer()
        CutoffLatency.append(.subscribe(.cutoffs), to: &subscription)
        try CutoffLatency.send(&subscription, to: pushes)
        let answer = try cutoffs.wait(for: pushes)
        guard case .subscribed = answer else { throw BenchError("not subscribed: \(answer)") }
    }

    func run() throws -> [ReportRow] {
        let against = "a bare echo, blocking client and thread, same kind of socket, same sizes"
        var median = ReportRow("\(CutoffLatency.name), p50", .microseconds, against: against)
        var tail = ReportRow(
            "\(CutoffLatency.name), p99",
            .microseconds,
            against: against,
            target: Target(ratio: 4)
        )
        for round in 0...world.options.rounds {
            let (times, sizes) = try measure(round)
            let echoes = try Echo.measure(world.options.wallets, sizes: sizes)
            Progress.say(
                "\(CutoffLatency.name): \(times.text), echo \(echoes.text)"
                    + (round == 0 ? " (warming up)" : "")
            )
            guard round > 0 else { continue }
            median.add(times[0.5], baseline: echoes[0.5])
            tail.add(times[0.99], baseline: echoes[0.99])
        }
        tail.details["wallets in a round"] = Double(world.options.wallets)
        return [median, tail]
    }

    private func measure(_ round: Int) throws -> (Latencies, Echo.Sizes) {
        let count = world.options.wallets
        // A connection for each round, which knows no more wallets than it empties.
        let usage = try Socket(path: world.daemon.dataSocket)
        var events = DaemonReader(.binary)
        var opening = Opening()
        opening.hello("cutoffs-\(round)", .journaled)
        let first = world.plan.organisations + round * count
        opening.names(.key, (first..<first + count).map(Population.secret))
        opening.names(.model, Workload.models)
        try opening.send(to: usage)
        let welcome = try events.wait(for: usage)
        guard case .welcome = welcome else { throw BenchError("not welcomed: \(welcome)") }
        var times: [Double] = []
        times.reserveCapacity(count)
        var sizes = Echo.Sizes()
        var buffer = WireBuffer()
        for wallet in 0..<count {
            append(wallet, to: &buffer)
            sizes.request = buffer.count
            let start = Clock.nanoseconds
            try CutoffLatency.send(&buffer, to: usage)
            let push = try cutoffs.wait(for: pushes)
            times.append(Double(Clock.nanoseconds - start) / 1000)
            let name = "org-\(first + wallet)"
            guard case .cutoff(let cutoff) = push, cutoff.id == name else {
                throw BenchError("instead of the cutoff of \(name): \(push)")
            }
            sizes.answer = CutoffLatency.length(of: push)
            // The next one finds the disk at rest.
            let ack = try events.wait(for: usage)
            guard case .ack(.sequence(UInt64(wallet + 1))) = ack else {
                throw BenchError("instead of an acknowledgement of \(wallet + 1): \(ack)")
            }
        }
        return (Latencies(times), sizes)
    }

    private func append(_ wallet: Int, to buffer: inout WireBuffer) {
        let id = Array("empties-\(wallet)".utf8)
        let report = UsageReport(
            sequence: UInt64(wallet + 1),
            id: ByteRange(offset: 0, length: UInt32(id.count)),
            accountKind: .key,
            account: .index(UInt32(wallet)),
            model: .index(0),
            tokens: TokenCounts(input: 1000)
        )
        var batch = UsageBatchEncoder(in: &buffer)
        let taken = batch.append(report, texts: id.span.bytes, to: &buffer)
        invariant(taken, "a frame holds one record")
        batch.finish(&buffer)
    }

    private static func length(of push: DaemonMessage) -> Int {
        var buffer = WireBuffer()
        DaemonEncoder(.binary).append(push, to: &buffer)
        return buffer.count
    }

    private static func append(_ message: ClientMessage, to buffer: inout WireBuffer) {
        let none: [UInt8] = []
        ClientEncoder(.binary).append(message, texts: none.span.bytes, to: &buffer)
    }

    private static func send(_ buffer: inout WireBuffer, to socket: Socket) throws {
        try buffer.withBytes { span in
            try span.withUnsafeBytes { try socket.sendAll($0) }
        }
        buffer.removeAll()
    }
}
