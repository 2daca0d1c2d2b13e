import Foundation
import Testing

/// Goal: the house keeps its floors.
///
/// Method: every import line is held against the table.
@Suite struct FloorTests {
    private let tree = SourceTree.shared

    @Test func `every room has a floor, and every floor its rooms`() {
        let headers = ["CLibpq", "CLinux"]
        let rooms = Set(tree.rooms).union(headers)
        #expect(rooms == Set(Floors.table.keys))
        let found = headers.filter { tree.exists("Sources/\($0)") }
        #expect(found == headers)
    }

    @Test func `imports point down only`() {
        var upward: [String] = []
        for file in tree.sources {
            guard let own = Floors.floor(of: file.target) else { continue }
            for (line, module) in file.imports {
                guard let other = Floors.floor(of: module), other >= own else { continue }
                upward.append("\(file.path):\(line) \(file.target) imports \(module)")
            }
        }
        #expect(upward.isEmpty, "\(upward.joined(separator: "\n"))")
    }

    @Test func `the pure rooms import quantities and nothing else`() {
        for file in tree.sources where Floors.pure.contains(file.target) {
            for (line, module) in file.imports {
                #expect(module == "Quantities", "\(file.path):\(line) imports \(module)")
            }
        }
    }

    @Test func `Foundation is not below floor 4`() {
        let foundations: Set<String> = ["Foundation", "FoundationEssentials"]
        for file in tree.sources {
            guard let floor = Floors.floor(of: file.target), floor < 4 else { continue }
            for (line, module) in file.imports {
                #expect(
                    !foundations.contains(module),
                    "\(file.path):\(line): the data plane must not carry libFoundation"
                )
            }
        }
    }

    @Test func `libpq is known to one room`() {
        for file in tree.sources where file.target != "PostgresStore" {
            let knows = file.imports.contains { $0.module == "CLibpq" }
            #expect(!knows, "\(file.path): ask PostgresStore")
        }
    }

    @Test func `every room has a charter with a purpose`() {
        for room in tree.rooms {
            let path = "Sources/\(room)/\(room).docc/\(room).md"
            let text = tree.text(of: path) ?? ""
            #expect(!text.isEmpty, "\(path) is missing")
            let hasPurpose = text.contains("## Purpose")
            #expect(hasPurpose, "\(path) says what the room is for")
        }
    }
}
