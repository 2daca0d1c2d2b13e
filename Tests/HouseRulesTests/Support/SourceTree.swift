import Foundation
import Glibc

/// One text file of the repository.
struct SourceFile: Sendable {
    /// Its path from the repository's root.
    let path: String
    /// All of it.
    let text: String
    /// Its lines, without their ends.
    let lines: [String]

    init(path: String, text: String) {
        self.path = path
        self.text = text
        lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }

    /// The name of the target that a path such as `Sources/Rings/Stage.swift` belongs to.
    var target: String {
        let parts = path.split(separator: "/")
        return parts.count > 2 ? String(parts[1]) : ""
    }

    var name: String { path.split(separator: "/").last.map(String.init) ?? path }
}

/// The repository's files, read once.
struct SourceTree: Sendable {
    static let shared = SourceTree()

    let root: URL
    /// Swift files of Sources, Tests and Benchmarks.
    let swift: [SourceFile]
    /// Every text file that is not a build product.
    let texts: [SourceFile]

    /// Swift files of Sources alone.
    var sources: [SourceFile] { swift.filter { $0.path.hasPrefix("Sources/") } }

    /// The folders in Sources.
    var rooms: [String] { Set(sources.map(\.target)).sorted() }

    private init() {
        // .../Tests/HouseRulesTests/Support/SourceTree.swift
        var root = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
        for _ in 0..<4 { root.deleteLastPathComponent() }
        self.root = root
        let texts = SourceTree.read(root)
        self.texts = texts
        swift = texts.filter { file in
            file.path.hasSuffix(".swift") && SourceTree.swiftFolders.contains(file.folder)
        }
    }

    private static let swiftFolders: Set<String> = ["Sources", "Tests", "Benchmarks"]
    private static let textEndings = [
        ".swift", ".md", ".yaml", ".h", ".c", ".modulemap", ".service", ".socket", ".sysusers",
        ".tmpfiles", ".sql", ".json", "Makefile", ".gitignore", ".swift-format",
    ]

    func text(of path: String) -> String? {
        try? String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
    }

    func exists(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: root.appendingPathComponent(path).path)
    }

    private static func read(_ root: URL) -> [SourceFile] {
        var files: [SourceFile] = []
        var folders = [""]
        while let folder = folders.popLast() {
            let place = root.appendingPathComponent(folder).path
            let names = (try? FileManager.default.contentsOfDirectory(atPath: place)) ?? []
            for name in names.sorted() where !isProduct(name) {
                let path = folder.isEmpty ? name : folder + "/" + name
                let full = root.appendingPathComponent(path).path
                var isFolder: ObjCBool = false
                guard FileManager.default.fileExists(atPath: full, isDirectory: &isFolder) else {
                    continue
                }
                if isFolder.boolValue {
                    folders.append(path)
                } else if isText(path),
                    let text = try? String(contentsOfFile: full, encoding: .utf8)
                {
                    files.append(SourceFile(path: path, text: text))
                }
            }
        }
        return files.sorted { $0.path < $1.path }
    }

    private static func isProduct(_ name: String) -> Bool {
        name.hasPrefix(".build") || name == ".git" || name == ".swiftpm" || name == "DerivedData"
            || name == "Package.resolved"
    }

    private static func isText(_ path: String) -> Bool {
        path.hasPrefix(".ci/") || textEndings.contains { path.hasSuffix($0) }
    }
}

extension SourceFile {
    /// The first part of the path.
    var folder: String { path.split(separator: "/").first.map(String.init) ?? "" }

    /// Whether the text occurs anywhere; it saves looking at the lines of most files.
    func mentions(_ word: String) -> Bool { strstr(text, word) != nil }

    /// The modules that the file imports, with their lines.
    var imports: [(line: Int, module: String)] {
        lines.indices.compactMap { index in
            Floors.module(importedBy: lines[index]).map { (index + 1, $0) }
        }
    }
}
