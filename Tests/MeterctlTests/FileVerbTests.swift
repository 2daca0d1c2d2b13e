import Foundation
@testable import meterctl
import Testing

/// Goal: the verbs that work on files explain what they find.
///
/// Method: small cards and settings.
@Suite struct FileVerbTests {
    private func file(_ text: String, _ name: String) throws -> String {
        let path = NSTemporaryDirectory() + "\(UInt64.random(in: 0...UInt64.max))-\(name)"
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        return path
    }

    private let card = """
        rate_card: test
        unit: credits per 1,000,000 tokens
        models:
          claude-sonnet:
            prices:
              - input: 3
                output: 15

        """

    @Test func `a rate card is explained`() async throws {
        let path = try file(card, "rates.yaml")
        defer { unlink(path) }
        let text = await Terminal.run("rates check \(path)")
        #expect(text.code == 0, "\(text.error)")
        #expect(text.out.contains("claude-sonnet"))
        let json = await Terminal.run("rates check \(path) --json")
        #expect(json.out.contains(#""name":"claude-sonnet""#))
        #expect(json.out.contains(#""machines":[]"#))
    }

    @Test func `machines are explained, and that they are not charged yet`() async throws {
        let text = """
            rate_card: gpus
            machine_unit: credits per hour and per GiB
            machines: {gpu-s: {prices: [{hour: 60}]}}
            """
        let path = try file(text, "machines.yaml")
        defer { unlink(path) }
        let check = await Terminal.run("rates check \(path)")
        #expect(check.code == 0, "\(check.error)")
        #expect(check.out.contains("gpu-s, whole hours in advance: example 120 credits\n"))
        #expect(check.out.contains("charged by the hour, or by allocation with 2 vCPU"))
        #expect(!check.out.contains("example request"))
        let json = await Terminal.run("rates check \(path) --json")
        #expect(json.out.contains(#""mode":"hourly","name":"gpu-s""#), "\(json.out)")
    }

    @Test func `a broken rate card is 78 with its line`() async throws {
        let path = try file(card.replacingOccurrences(of: "3", with: "-3"), "rates.yaml")
        defer { unlink(path) }
        let result = await Terminal.run("rates check \(path)")
        #expect(result.code == 78)
        #expect(result.error.contains("input"))
    }

    @Test func `two cards are compared`() async throws {
        let old = try file(card, "old.yaml")
        let new = try file(card.replacingOccurrences(of: "15", with: "16"), "new.yaml")
        defer {
            unlink(old)
            unlink(new)
        }
        let result = await Terminal.run("rates diff \(old) \(new)")
        #expect(result.code == 0, "\(result.error)")
        #expect(result.out.contains("output 15 -> 16"), "\(result.out)")
        let same = await Terminal.run("rates diff \(old) \(old)")
        #expect(same.out == "no difference\n")
    }

    @Test func `a price list becomes a rate card that reads back`() async throws {
        let list = try file(
            #"{"m":{"input_cost_per_token":3e-06,"output_cost_per_token":1.5e-05,"mode":"chat"}}"#,
            "list.json"
        )
        let output = NSTemporaryDirectory() + "\(UInt64.random(in: 0...UInt64.max))-out.yaml"
        defer {
            unlink(list)
            unlink(output)
        }
        let result = await Terminal.run("rates import --litellm \(list) --output \(output)")
        #expect(result.code == 0, "\(result.error)")
        #expect(result.out.contains("1 models carried"), "\(result.out)")
        let check = await Terminal.run("rates check \(output)")
        #expect(check.code == 0, "\(check.error)")
        let printed = await Terminal.run("rates import --litellm \(list)")
        #expect(printed.out == (try String(contentsOfFile: output, encoding: .utf8)))
    }

    @Test func `settings are explained with their card, and wrong ones are 78`() async throws {
        let rates = try file(card, "rates.yaml")
        let good = try file("rates:\n  card: \(rates)\n", "meterd.yaml")
        let wrong = try file("rates:\n  crad: x\n", "meterd.yaml")
        defer { for path in [rates, good, wrong] { unlink(path) } }
        let text = await Terminal.run("config check \(good)")
        #expect(text.code == 0, "\(text.error)")
        #expect(text.out.hasSuffix("\(good) is good.\n"))
        let json = await Terminal.run("config check \(good) --json")
        #expect(json.out.contains(#""key":"rates.card""#))
        let refused = await Terminal.run("config check \(wrong)")
        #expect(refused.code == 78)
        #expect(refused.error.contains("crad"))
    }

    @Test func `a database that cannot be reached is 75`() async {
        let result = await Terminal.run([
            "migrate", "--connection", "host=/nonexistent dbname=meterd",
        ])
        #expect(result.code == 75, "\(result.error)")
    }
}
