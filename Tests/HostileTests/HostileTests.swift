import DaemonHarness
import HostileScenarios
import Testing

/// Goal: whoever misbehaves on the data socket harms only himself.
///
/// Method: each hostile client has a short while beside two well-behaved gateways; its answers, the
/// daemon's memory and the gateways' books are checked. `make hostile` does the same at length, and
/// shows what becomes of their latency: here no time decides.
@Suite(.serialized, .timeLimit(.minutes(2))) struct HostileTests {
    @Test func `hostile clients are answered, memory keeps its bounds, and others are served`()
        throws
    {
        let stage = try Stage(.small)
        for client in HostileClients.all {
            let row = try stage.run(client)
            #expect(row.faults == [], "\(row.line)")
        }
        #expect(try stage.finish() == [])
    }
}
