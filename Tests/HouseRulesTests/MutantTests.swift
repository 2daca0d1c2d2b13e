import Foundation
import Testing

/// Goal: `make mutants` breaks what it says that it breaks, also after the code has moved on.
///
/// Method: the text that each mutant replaces is looked for in its file; nothing is built.
@Suite struct MutantTests {
    private struct Mutant {
        let name: String
        let breaks: String
        let file: String
        let caughtBy: String
        let search: String
        let replace: String
    }

    private static var mutants: [Mutant] {
        get throws {
            let folder = SourceTree.shared.root.appendingPathComponent("Tests/Mutants").path
            let names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
            return try names.filter { $0.hasSuffix(".mutant") }.map { name in
                try read(name, String(contentsOfFile: folder + "/" + name, encoding: .utf8))
            }
        }
    }

    private static func read(_ name: String, _ text: String) throws -> Mutant {
        let parts = text.components(separatedBy: "--- search\n")
        let head = try #require(parts.count == 2 ? parts[0] : nil, "\(name) has one search")
        let texts = parts[1].components(separatedBy: "--- replace\n")
        let search = try #require(texts.count == 2 ? texts[0] : nil, "\(name) has one replace")
        let end = "--- end\n"
        try #require(texts[1].hasSuffix(end), "\(name) ends with its end")
        func field(_ title: String) throws -> String {
            let lines = head.split(separator: "\n").filter { $0.hasPrefix(title + ": ") }
            let line = try #require(lines.count == 1 ? lines[0] : nil, "\(name) says \(title) once")
            return String(line.dropFirst(title.count + 2))
        }
        return Mutant(
            name: name,
            breaks: try field("breaks"),
            file: try field("file"),
            caughtBy: try field("caught by"),
            search: String(search.dropLast()),
            replace: String(texts[1].dropLast(end.count + 1))
        )
    }

    @Test func `there are mutants enough, and each says what it breaks`() throws {
        let mutants = try Self.mutants
        #expect(mutants.count >= 30)
        for mutant in mutants {
            #expect(mutant.breaks.hasSuffix("."), "\(mutant.name) tells it in a sentence")
            #expect(["simulation", "postgres", "duel"].contains(mutant.caughtBy), "\(mutant.name)")
            #expect(mutant.search != mutant.replace, "\(mutant.name) changes something")
        }
    }

    @Test func `what a mutant replaces occurs exactly once in its file`() throws {
        for mutant in try Self.mutants {
            let text = SourceTree.shared.text(of: mutant.file) ?? ""
            let count = text.components(separatedBy: mutant.search).count - 1
            #expect(count == 1, "\(mutant.name): \(count) times in \(mutant.file)")
        }
    }

    @Test func `no two mutants are the same`() throws {
        let mutants = try Self.mutants
        #expect(Set(mutants.map(\.breaks)).count == mutants.count)
        #expect(Set(mutants.map { $0.file + $0.search + $0.replace }).count == mutants.count)
    }
}
