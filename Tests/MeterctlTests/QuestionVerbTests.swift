@testable import ControlFixture
import ControlPlane
import Engine
import Foundation
@testable import meterctl
import Quantities
import Testing

/// Goal: questions and corrections are asked as they should be, and read as tables.
///
/// Method: command lines against a control plane with a small engine, on a real socket.
@Suite struct QuestionVerbTests {
    /// Runs a line against an organisation that has metered one request.
    private func run(_ line: String, isTerminal: Bool = false) async throws -> Terminal.Result {
        try await ServerFixture.with { client, administration, _ in
            let made = await Terminal.run("org create acme", socket: client.socketPath)
            #expect(made.code == 0)
            administration.meter("acme", id: "r-1", charge: Amount(units: 14_574_000_000))
            let arguments = line.split(separator: " ").map(String.init)
            return await Terminal.run(
                arguments + ["--socket", client.socketPath],
                isTerminal: isTerminal
            )
        }
    }

    @Test func `a runway is told for both rates`() async throws {
        let result = try await run("runway acme")
        #expect(result.code == 0, "\(result.error)")
        #expect(result.out.contains("this month, projected   0.014574"), "\(result.out)")
        #expect(result.out.contains("the last 24 hours  0.014574  0 s"), "\(result.out)")
    }

    @Test func `spend, dearest requests and suggestions are tables`() async throws {
        let spend = try await run("spend acme --by key --days 7")
        #expect(spend.out.contains("2026-02-23 to 2026-03-01"), "\(spend.out)")
        #expect(spend.out.contains("main         1"), "\(spend.out)")
        #expect(spend.out.contains("In all 0.014574 credits; in as many days before 0 (up)."))
        let none = try await run("spend acme --by deployment")
        #expect(none.out.contains("Nothing was spent."))
        let top = try await run("top acme --limit 3")
        #expect(top.out.contains("claude-sonnet  4,808   1,000      10  0.014574"), "\(top.out)")
        let advice = try await run("suggestions acme")
        #expect(advice.out.contains("Up to 0.014574 credits in 30 days: Cache more."))
        #expect(advice.out.contains("(input_tokens 4808)"))
    }

    @Test func `an export goes to a file, whole or not at all`() async throws {
        let path = "/tmp/meterctl-\(UInt64.random(in: 0...UInt64.max)).csv"
        defer { unlink(path) }
        let result = try await run("export acme --output \(path)")
        #expect(result.code == 0, "\(result.error)")
        let text = try String(contentsOfFile: path, encoding: .utf8)
        #expect(text.hasSuffix("total,,1 lines,-0.014574,-0.014574,,,,\r\n"))
        let printed = try await run("export acme")
        #expect(printed.out == text)
        let absent = try await run("export nobody --output \(path).no")
        #expect(absent.code == 1)
        #expect(absent.error.contains("nobody"))
        #expect(!FileManager.default.fileExists(atPath: path + ".no"))
        #expect(!FileManager.default.fileExists(atPath: path + ".no.part"))
    }

    @Test func `a re-rating is previewed, applied, undone and listed`() async throws {
        let card = "/tmp/meterctl-\(UInt64.random(in: 0...UInt64.max)).yaml"
        defer { unlink(card) }
        let text = """
            rate_card: new
            unit: credits per 1,000,000 tokens
            default: {input: 1, output: 2}
            models: {}

            """
        try text.write(toFile: card, atomically: true, encoding: .utf8)
        let span = "rerate --from 2026-03-01 --to 2026-04-01 --card \(card)"
        let preview = try await run("\(span) --preview")
        #expect(preview.code == 0, "\(preview.error)")
        let row = "acme                 1        1  0.014574  0.007287   -0.007287"
        #expect(preview.out.contains(row), "\(preview.out)")
        #expect(preview.out.hasSuffix("Rated by new: a preview, nothing is booked.\n"))
        let applied = try await run("\(span) --id march --org acme")
        #expect(applied.out.hasSuffix("march: 1 correction booked.\n"), "\(applied.out)")
        let unnamed = try await run(span)
        #expect(unnamed.error.contains("--id ctl-"))
        let undone = try await run("rerate --undo march")
        #expect(undone.out == "undo.march: 1 correction booked.\n")
        let list = try await run("rerate --list")
        #expect(list.out.contains("march"), "\(list.out)")
        #expect(list.out.contains("applied"), "\(list.out)")
        for (line, code) in [
            ("rerate", 64), ("rerate --undo x --list", 64), ("\(span) --preview --id a", 64),
            ("rerate --undo other", 1), ("rerate --from x --to y --card z", 64),
            ("rerate --from 2026-03-01 --to 2026-04-01 --card /none.yaml", 78),
        ] {
            let result = try await run(line)
            #expect(result.code == Int32(code), "\(line): \(result.error)")
        }
    }
}
