import DaemonHarness
import Testing

@Suite struct FirstLightTests {
    @Test func `the daemon starts, answers and stops`() throws {
        let begin = HarnessClock.seconds
        let daemon = try TestDaemon(rates: """
            rate_card: test
            unit: credits per 1,000,000 tokens
            default: refuse
            models:
              model:
                prices:
                  - from: always
                    input: 3
                    output: 15
            """)
        try daemon.start()
        print("up", HarnessClock.seconds - begin)
        try daemon.admin.createOrganisation("acme")
        let secret = try daemon.admin.createKey("k", of: "acme")
        try daemon.admin.grant("12", to: "acme")
        print(try daemon.admin.organisation("acme"), secret)
        try daemon.waitUntilStored()
        print(try daemon.admin.audit(), try daemon.admin.status())
        print("now", HarnessClock.seconds - begin)
        #expect(try daemon.stop() == .exited(0))
        print("stopped", HarnessClock.seconds - begin)
        print(daemon.log)
        try daemon.start()
        daemon.kill()
        print("killed", HarnessClock.seconds - begin)
        try daemon.start()
        print("up", HarnessClock.seconds - begin)
    }
}
