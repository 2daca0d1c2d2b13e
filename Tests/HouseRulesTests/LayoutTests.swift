import Foundation
import Testing

/// Goal: sources stay readable in one window.
///
/// Method: every file is read and measured.
@Suite struct LayoutTests {
    private let tree = SourceTree.shared

    @Test func `the tree is found`() {
        let (rooms, files) = (tree.rooms, tree.swift.count)
        #expect(rooms.contains("Accounting"))
        #expect(files > 100)
    }

    @Test func `no line of Swift is longer than 100 columns`() {
        let long = tree.swift.flatMap { file in
            file.lines.indices
                .filter { file.lines[$0].utf8.count > 100 && file.lines[$0].count > 100 }
                .map { "\(file.path):\($0 + 1) has \(file.lines[$0].count)" }
        }
        #expect(long.isEmpty, "\(long.joined(separator: "\n"))")
    }

    @Test func `no file of Swift is longer than 600 lines`() {
        let long = tree.swift.filter { $0.lines.count > 600 }
            .map { "\($0.path) has \($0.lines.count): split it by aspect, Type+Aspect.swift" }
        #expect(long.isEmpty, "\(long.joined(separator: "\n"))")
    }

    @Test func `no function is longer than 70 lines`() {
        let long = tree.sources.flatMap(FunctionLengths.measure).filter { $0.length > 70 }
            .map { "\($0.path):\($0.line) \($0.name) has \($0.length) lines" }
        #expect(long.isEmpty, "\(long.joined(separator: "\n"))")
    }
}
