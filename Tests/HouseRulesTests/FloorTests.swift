import Foundation
import Testing

/// Goal: the house keeps its floors. Method: every import line is held against the table.
@Suite struct FloorTests {
    private let tree = SourceTree.shared

    @Test func `every room has a floor, and every floor its rooms`() {
        let headers = ["CLibpq", "CLinux"]
        #expect(Set(tree.rooms).union(headers) == Set(Floors.table.keys))
        for header in headers { #expect(tree.exists("Sources/\(header)")) }
    }

    @Test func `imports point down only`() {
        var upward: [String] = []
        for file in tree.sources {
            guard let own = Floors.floor(of: file.target) else { continue }
            for (index, line) in file.lines.enumerated() {
                guard let module = Floors.module(importedBy: line),
                    let other = Floors.floor(of: module), other >= own
                else { continue }
                upward.append("\(file.path):\(index + 1) \(file.target) imports \(module)")
            }
        }
        #expect(upward.isEmpty, "\(upward.joined(separator: "\n"))")
    }

    @Test func `the pure rooms import quantities and nothing else`() {
        for file in tree.sources where Floors.pure.contains(file.target) {
            for (index, line) in file.lines.enumerated() {
                guard let module = Floors.module(importedBy: line) else { continue }
                #expect(module == "Quantities", "\(file.path):\(index + 1) imports \(module)")
            }
        }
    }

    @Test func `Foundation is not below floor 4`() {
        let foundations: Set<String> = ["Foundation", "FoundationEssentials"]
        for file in tree.sources {
            guard let floor = Floors.floor(of: file.target), floor < 4 else { continue }
            for (index, line) in file.lines.enumerated() {
                guard let module = Floors.module(importedBy: line) else { continue }
                #expect(
                    !foundations.contains(module),
                    "\(file.path):\(index + 1): the data plane must not carry libFoundation"
                )
            }
        }
    }

    @Test func `libpq is known to one room`() {
        for file in tree.sources where file.target != "PostgresStore" {
            let knows = file.lines.contains { Floors.module(importedBy: $0) == "CLibpq" }
            #expect(!knows, "\(file.path): ask PostgresStore")
        }
    }

    @Test func `every room has a charter with a purpose`() throws {
        for room in tree.rooms {
            let path = "Sources/\(room)/\(room).docc/\(room).md"
            let text = try #require(tree.text(of: path), "\(path) is missing")
            #expect(text.contains("## Purpose"), "\(path) says what the room is for")
        }
    }
}
