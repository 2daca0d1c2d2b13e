import Foundation
import Testing

/// Goal: what the compiler is told to believe is little, counted and explained.
///
/// Method: words in the sources.
@Suite struct SafetyTests {
    private let tree = SourceTree.shared
    private static let budget = 6

    @Test func `what the compiler must take on trust is within its budget`() {
        let places = promises()
        #expect(places.count <= Self.budget, "\(places.map(\.text))")
    }

    @Test func `each promise to the compiler is followed by the reason why it holds`() {
        for place in promises() {
            let next = place.file.lines[(place.line + 1)...].prefix(2)
            let isExplained = next.contains { $0.contains("// SAFETY:") }
            #expect(isExplained, "\(place.text) has no `// SAFETY:` within the two lines after it")
        }
    }

    @Test(arguments: BannedWord.all)
    func `sources do not have`(word: BannedWord) {
        let places = tree.sources.flatMap(word.places)
        #expect(
            places.isEmpty,
            "\"\(word.word)\" at \(places.joined(separator: ", ")): write \(word.instead)"
        )
    }

    @Test func `no file names a path of somebody's machine`() {
        // Written in two parts, so that this file does not name them either.
        let paths = ["/" + "work/", "/" + "root/", "/" + "home/"]
        for file in tree.texts {
            for path in paths where file.mentions(path) {
                let lines = file.lines.indices.filter { file.lines[$0].contains(path) }
                Issue.record("\(file.path) names \(path) in lines \(lines.map { $0 + 1 })")
            }
        }
    }

    private struct Promise {
        let file: SourceFile
        let line: Int
        var text: String { "\(file.path):\(line + 1)" }
    }

    private func promises() -> [Promise] {
        tree.sources.filter { $0.mentions("@unchecked Sendable") }.flatMap { file in
            file.lines.indices.filter { index in
                let line = file.lines[index]
                return line.contains("@unchecked Sendable")
                    && !line.drop { $0 == " " }.hasPrefix("//")
            }.map { Promise(file: file, line: $0) }
        }
    }
}
