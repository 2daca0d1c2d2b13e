import ArgumentParser
import Glibc
import HostileScenarios

/// Sets hostile and heavy clients on a real daemon, with well-behaved ones beside them.
@main
struct HostileCampaign: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "meterd-hostile",
        abstract:
            "Hostile and heavy clients against a real daemon, and what the others have of it.",
        discussion: """
            Beside each client two well-behaved gateways go on: one asks before each request, and
            its round trips are timed, first alone and then during the attack; one reports usage,
            and every report must be acknowledged and stored once. The daemon's resident memory is
            compared with a bound that follows from its settings.

            The daemon is the program in METERD_BINARY; METERD_TEST_POSTGRES names a PostgreSQL.
            `make hostile` sets both.
            """
    )

    @Option(help: "For how many seconds each client attacks.")
    var seconds = 8.0

    @Option(help: "For how many seconds half-open messages stay.")
    var slowSeconds = 120.0

    @Option(help: "How many connections the crowd has.")
    var crowd = 1000

    @Option(help: "How many connections the others have, or a part of it.")
    var connections = 400

    @Option(help: "Which clients, by name; all by default.")
    var client: [String] = []

    func run() throws {
        signal(SIGPIPE, SIG_IGN)
        var scale = Scale.full
        scale.seconds = seconds
        scale.lorisSeconds = slowSeconds
        scale.crowd = crowd
        scale.connections = connections
        let clients = HostileClients.all.filter { client.isEmpty || client.contains($0.name) }
        guard !clients.isEmpty else {
            let names = HostileClients.all.map(\.name).joined(separator: ", ")
            throw ValidationError("no such client; there are: \(names)")
        }
        let stage = try Stage(scale)
        var rows: [HostileRow] = []
        for client in clients {
            let row = try stage.run(client)
            rows.append(row)
            print(row.line)
            for fault in row.faults { print("  FAULT  \(fault)") }
            fflush(nil)
        }
        let faults = try stage.finish()
        print("\n" + ([HostileRow.heading] + rows.map(\.line)).joined(separator: "\n"))
        print("\n\(stage.settings)")
        for fault in faults { print("  FAULT  \(fault)") }
        let count = faults.count + rows.map(\.faults.count).reduce(0, +)
        print(
            count == 0 ? "The others were served, and memory kept its bounds." : "\(count) faults."
        )
        if count > 0 { throw ExitCode(1) }
    }
}
