import DaemonHarness
import Foundation
import ScenarioHarness
import Testing

/// Plays the session that each system's document shows: from nothing to a refused request and back.
///
/// It is played on a real daemon, line by line, so that what is shown is what is printed today.
///
/// `METERD_TRANSCRIPTS=write` writes the documents anew instead, for the next `git diff`.
@Suite struct TranscriptTests {
    static let systems = [
        "cloud-paas": "CloudPaas", "gpu-hourly": "GpuHourly", "llm-gateway": "LlmGateway",
        "token-packs": "TokenPacks", "workspace-api": "WorkspaceApi",
    ]

    @Test(arguments: systems.keys.sorted())
    func `the session in a system's document is what happens`(system: String) async throws {
        let name = try #require(Self.systems[system])
        let folder = "\(ScenarioWorld.root)/Sources/ControlPlane/ControlPlane.docc"
        let path = "\(folder)/\(name).md"
        let document = try Transcript(path: path)
        try await Scenario.play(system, from: document.beginning(), .straight) { play in
            let played = try document.play(in: play.world)
            try play.world.expectGreenAudit()
            if ProcessInfo.processInfo.environment["METERD_TRANSCRIPTS"] == "write" {
                try played.write(toFile: path, atomically: true, encoding: .utf8)
                return
            }
            let lines = played.split(separator: "\n", omittingEmptySubsequences: false)
            let written = document.text.split(separator: "\n", omittingEmptySubsequences: false)
            for (number, (now, before)) in zip(lines, written).enumerated() where now != before {
                Issue.record("\(path):\(number + 1): printed is now: \(now)")
                return
            }
            #expect(lines.count == written.count)
        }
    }
}
