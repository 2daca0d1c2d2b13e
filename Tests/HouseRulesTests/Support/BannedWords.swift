import Foundation
import Testing

/// A word that sources must not have, and what to write in its place.
struct BannedWord: Sendable, CustomTestStringConvertible {
    let word: String
    let instead: String
    /// Whether a file is free to use it.
    let isAllowed: @Sendable (SourceFile) -> Bool

    init(
        _ word: String,
        instead: String,
        allowed: @escaping @Sendable (SourceFile) -> Bool = { _ in false }
    ) {
        self.word = word
        self.instead = instead
        isAllowed = allowed
    }

    var testDescription: String { word }

    /// The lines of a file that have it, as `path:line`.
    func places(in file: SourceFile) -> [String] {
        if isAllowed(file) || !file.mentions(word) { return [] }
        return file.lines.indices.filter { occurs(in: file.lines[$0]) }
            .map { "\(file.path):\($0 + 1)" }
    }

    /// Whether a line has the word standing alone: `Date(` is not in `CivilDate(`.
    func occurs(in line: String) -> Bool {
        var rest = line[...]
        while let found = rest.range(of: word) {
            let before =
                found.lowerBound > line.startIndex
                ? line[line.index(before: found.lowerBound)] : " "
            let isPart = before.isLetter || before.isNumber || before == "_" || before == "."
            if !isPart || word.hasPrefix(".") { return true }
            rest = rest[found.upperBound...]
        }
        return false
    }
}

extension BannedWord {
    private static func isProgram(_ file: SourceFile) -> Bool {
        file.target == "meterctl" || file.target == "meterd"
    }

    private static func isAboveEngine(_ file: SourceFile) -> Bool {
        (Floors.floor(of: file.target) ?? 0) >= 4
    }

    /// The words, for Sources.
    static let all = [
        BannedWord(
            "DispatchQueue.global",
            instead: "a private serial queue: the shared pool grows by one thread a second"
        ),
        BannedWord("try!", instead: "a typed error, or an invariant that says what must hold"),
        BannedWord("try?", instead: "a catch that does something about it"),
        BannedWord("fatalError(", instead: "invariant or invariantBroken, which say why") {
            $0.path == "Sources/Quantities/Invariant.swift"
        },
        BannedWord("precondition(", instead: "invariant, which says why in release builds too"),
        BannedWord("assert(", instead: "invariant, which stays in release builds"),
        BannedWord("print(", instead: "the log, or an answer to whoever asked", allowed: isProgram),
        BannedWord("Date(", instead: "Timestamp and the TimeSource", allowed: isAboveEngine),
        BannedWord("nonisolated(unsafe)", instead: "one owner queue, or an atomic"),
        BannedWord("FIX" + "ME", instead: "the fix"),
        BannedWord("TO" + "DO", instead: "the thing itself, or an issue"),
    ]
}
