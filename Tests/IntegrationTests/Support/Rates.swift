import DaemonHarness
import Foundation

/// Rate cards and files of the repository.
enum Rates {
    /// `flat`: 3 and 15 credits a million, `plain`: 1 and 2, `free`: nothing; more by `models`.
    static func card(_ name: String = "test", models: String = "") -> String {
        """
        rate_card: \(name)
        unit: credits per 1,000,000 tokens
        default: refuse
        models:
          flat:
            prices: [{from: always, input: 3, output: 15}]
          plain:
            prices: [{from: always, input: 1, output: 2}]
          free:
            prices: [{from: always, input: 0, output: 0}]
        \(models)
        """
    }

    /// The card of the system llm-gateway, as it is shipped.
    static func gateway() throws -> String {
        try String(contentsOfFile: root + "/config/systems/llm-gateway.yaml", encoding: .utf8)
    }

    /// The folder of the package.
    static let root: String = {
        var path = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
        for _ in 0..<4 { path.deleteLastPathComponent() }
        return path.path
    }()
}
