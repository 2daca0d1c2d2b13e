import Quantities
import Rating
import SettingsFiles
import Testing

/// Goal: the rate cards of the five systems charge the numbers that are expected of them.
///
/// Method: each shipped card is read as it is, and compared with the worked numbers.
@Suite struct ShippedCardsTests {
    private static let systems = [
        "cloud-paas", "gpu-hourly", "llm-gateway", "token-packs", "workspace-api",
    ]

    private func file(_ system: String) throws -> RateCardFile {
        try RateCardFile.load(path: packageFolder + "/config/systems/\(system).yaml")
    }

    private func charge(_ system: String, _ model: String, _ tokens: TokenCounts) throws -> String {
        let table = try RateTable(try file(system).card)
        let number: Int
        switch table.model(named: model) {
        case .listed(let index), .byDefault(let index): number = index
        case .unknown: return "unknown"
        }
        let version = try #require(table.version(of: number, at: .epoch))
        return try #require(table.charge(tokens, version: version)).amount.description
    }

    @Test(arguments: systems)
    func `a shipped card has no warnings, names its system and reads back`(system: String) throws {
        let file = try file(system)
        #expect(file.warnings.isEmpty)
        #expect(file.card.name == system)
        let text = RateCardFile.write(file.card)
        #expect(try RateCardFile.load(text: text, file: "again").card == file.card)
        #expect(try !RateCardCheck(file, at: .epoch).text.contains("no price is in force"))
    }

    @Test func `cloud-paas charges tokens by class, and machines continuously`() throws {
        let tokens = TokenCounts(input: 12_000, cacheRead: 10_000, output: 500)
        #expect(try charge("cloud-paas", "sonnet", tokens) == "0.0165")
        #expect(
            try charge("cloud-paas", "mini", TokenCounts(input: 1, output: 1)) == "0.00000075"
        )
        #expect(try charge("cloud-paas", "large", tokens) == "unknown")
        let machines = try RateTable(try file("cloud-paas").card).machines
        let machine = try #require(machines.machine(named: "standard"))
        let version = try #require(machines.version(of: machine, at: .epoch))
        let content = machines.content(ofVersion: version)
        let allocation = RateCardCheck.exampleAllocation
        #expect(content.burnRate(.running, allocation).perHour.description == "0.062")
        // While it is active only.
        #expect(content.burnRate(.stopped, allocation) == .zero)
        let check = try RateCardCheck(try file("cloud-paas"), at: .epoch)
        #expect(check.machines.map(\.example) == ["0.228516666667"])
    }

    @Test func `gpu-hourly charges whole hours in cents`() throws {
        let machines = try RateTable(try file("gpu-hourly").card).machines
        let prices = try ["gpu-s", "gpu-l-16bit", "gpu-l-4bit"].map { name in
            let machine = try #require(machines.machine(named: name))
            let charge = machines.charge(ofHour: 1, startedAt: .epoch, machine: machine)
            return try #require(charge).amount.description
        }
        #expect(prices == ["60", "350", "180"])
        let stopped = machines.charge(ofHour: 1, startedAt: .epoch, machine: 0, state: .stopped)
        #expect(stopped?.amount == .zero)
        #expect(machines.machine(named: "gpu-l") == nil)
        #expect(try charge("gpu-hourly", "sonnet", TokenCounts(input: 1)) == "unknown")
    }

    @Test func `token-packs charges a credit a token, whatever the model`() throws {
        let tokens = TokenCounts(
            input: 100_000,
            cacheRead: 40_000,
            cacheWrite: 5_000,
            output: 50_000,
            reasoning: 20_000
        )
        #expect(try charge("token-packs", "any-model", tokens) == "150000")
        #expect(try charge("token-packs", "another", TokenCounts(output: 1)) == "1")
        // A price that is another one is a slip, and is warned of.
        var card = try file("token-packs").card
        card.defaultPrice?.base.input = Price(unitsPerToken: 1)
        #expect(card.findings.count == 1)
    }

    @Test func `workspace-api charges tokens by class`() throws {
        let tokens = TokenCounts(input: 10_000, cacheRead: 4_000, output: 1_000)
        // 6,000 x 2.50 + 4,000 x 0.25 + 1,000 x 10, by a million.
        #expect(try charge("workspace-api", "workspace-large", tokens) == "0.026")
        #expect(try charge("workspace-api", "sonnet", tokens) == "unknown")
    }
}
