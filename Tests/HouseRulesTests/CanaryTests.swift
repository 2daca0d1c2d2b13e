import Testing

/// Goal: the rules can fail.
///
/// Method: each finder is shown what it must find.
@Suite struct CanaryTests {
    private func file(_ text: String) -> SourceFile {
        SourceFile(path: "Sources/Rings/A.swift", text: text)
    }

    @Test func `functions are measured from their first line to their closing brace`() {
        let found = FunctionLengths.measure(
            file(
                """
                struct A {
                    func one() { print(1) }
                    public static func four(
                        a: Int
                    ) -> Int {
                        a
                    }
                    var three: Int {
                        3
                    }
                    var stored = 1
                    init?(text: String)
                    where Self: Sendable
                    {
                        return nil
                    }
                }
                protocol B {
                    func nothing(a: Int) -> Int
                    func other() {
                    }
                }
                """
            )
        )
        #expect(found.map(\.name) == ["four", "three", "init", "other"])
        #expect(found.map(\.length) == [5, 3, 5, 2])
        #expect(found.map(\.line) == [3, 8, 12, 20])
    }

    @Test(arguments: [
        ("let a = Date()", true), ("let a = CivilDate()", false), ("x.Date(1)", false),
        ("f(CivilDate(), Date())", true), ("Date", false),
    ])
    func `a banned word is found where it stands alone`(line: String, isFound: Bool) {
        #expect(BannedWord("Date(", instead: "").occurs(in: line) == isFound)
    }

    @Test(arguments: [
        ("import Wire", "Wire"), ("@testable import Wire", "Wire"),
        ("public import struct Wire.Ack", "Wire"), ("@preconcurrency import Dispatch", "Dispatch"),
    ])
    func `an import is understood however it is written`(line: String, module: String) {
        #expect(Floors.module(importedBy: line) == module)
    }

    @Test func `what is no import is none`() {
        #expect(Floors.module(importedBy: "// import Wire") == nil)
        #expect(Floors.module(importedBy: "important()") == nil)
    }

    @Test func `a banned word is excused only where it may stand`() {
        let word = BannedWord("print(", instead: "") { $0.target == "meterctl" }
        let line = "    print(1)"
        #expect(word.places(in: SourceFile(path: "Sources/meterctl/A.swift", text: line)).isEmpty)
        #expect(
            word.places(in: SourceFile(path: "Sources/Wire/A.swift", text: line))
                == ["Sources/Wire/A.swift:1"]
        )
    }
}
