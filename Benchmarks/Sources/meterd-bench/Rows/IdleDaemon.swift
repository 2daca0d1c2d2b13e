import Glibc
import Wire

/// What a daemon costs that has connections and nothing to do.
struct IdleDaemon {
    static let name = "idle with connections"

    private let world: World
    private let sockets: [Socket]

    /// Opens the connections: half of them have sent usage, the others listen for cutoffs.
    init(_ world: World) throws {
        self.world = world
        sockets = try (0..<world.options.connections).map { index in
            let socket = try Socket(path: world.daemon.dataSocket)
            var reader = DaemonReader(.binary)
            if index % 2 == 0 {
                var opening = Opening()
                opening.hello("idle-\(index)", .journaled)
                try opening.send(to: socket)
            } else {
                var buffer = WireBuffer()
                let none: [UInt8] = []
                let message = ClientMessage.subscribe(.cutoffs)
                ClientEncoder(.binary).append(message, texts: none.span.bytes, to: &buffer)
                try buffer.withBytes { span in
                    try span.withUnsafeBytes { try socket.sendAll($0) }
                }
            }
            _ = try reader.wait(for: socket)
            return socket
        }
    }

    func run() throws -> ReportRow {
        let options = world.options
        var row = ReportRow(
            "\(IdleDaemon.name): \(sockets.count)",
            .percent,
            against: "what the scheduler counts for all of the daemon's threads, of one core",
            target: Target(figure: 0.5)
        )
        try world.waitUntilStored(seconds: 60)
        sleep(1)
        for _ in 0..<options.rounds {
            let before = world.daemon.activity
            let start = Clock.nanoseconds
            sleep(UInt32(options.idleSeconds))
            let seconds = Clock.seconds(since: start)
            let after = world.daemon.activity
            row.add((after.nanoseconds - before.nanoseconds) / 1e9 / seconds * 100)
            row.details["context switches/s"] = (after.switches - before.switches) / seconds
            Progress.say("\(row.what): \(row.unit.text(row.figure.values.last ?? 0)) of a core")
        }
        row.details["seconds in a round"] = Double(options.idleSeconds)
        withExtendedLifetime(sockets) {}
        return row
    }
}
