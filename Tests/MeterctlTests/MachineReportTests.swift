import MeterClient
@testable import meterctl
import Testing

/// Goal: signs of life that are reported by hand have a sequence of their own.
@Suite struct MachineReportTests {
    private func producer(_ org: String, _ deployment: String) -> String {
        MachineReport.producer(
            MachineSample(
                deployment: deployment,
                boot: "b",
                org: org,
                machine: "gpu-s",
                uptimeMilliseconds: 0
            )
        )
    }

    @Test func `each deployment of each organisation is a producer of its own`() {
        #expect(producer("acme", "web") == "meterctl-machine-acme/web")
        #expect(producer("beta", "web") != producer("acme", "web"))
        #expect(producer("a-b", "c") != producer("a", "b-c"))
        let long = String(repeating: "x", count: 300)
        #expect(producer("acme", long).utf8.count <= 255)
        #expect(producer("acme", long) != producer("beta", long))
    }
}
