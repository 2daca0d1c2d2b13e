import DaemonHarness
import Testing

/// A daemon beside which a well-behaved client goes on working.
struct NeighbourScene {
    let daemon: TestDaemon
    let neighbour: LineClient

    init() throws {
        daemon = try TestDaemon.started(balance: "10")
        neighbour = try LineClient(daemon)
        try neighbour.hello("neighbour")
    }

    /// Nothing was booked but the neighbour's own report, and the neighbour never noticed.
    func expectUndisturbed(_ location: SourceLocation = #_sourceLocation) throws {
        neighbour.send(Usage(id: "n", input: 1, sequence: 1).line)
        try neighbour.waitForAck(1)
        try neighbour.ping()
        #expect(neighbour.others.isEmpty, sourceLocation: location)
        #expect(try daemon.storedLines() == 1, sourceLocation: location)
        #expect(try daemon.posted() == amount("9.999999"), sourceLocation: location)
        #expect(daemon.isRunning, sourceLocation: location)
        try daemon.expectGreenAudit(location)
    }
}
