import Quantities
import Testing

@testable import Ingest

/// A turn: how long after the one before it began, and whether it only answered.
private struct Turn {
    let after: Int64
    let onlyAnswered: Bool
    /// Whether the loop is to look when the turn has ended.
    let looks: Bool

    static func answer(after: Int64, looks: Bool) -> Turn {
        Turn(after: after, onlyAnswered: true, looks: looks)
    }

    static func usage(after: Int64) -> Turn {
        Turn(after: after, onlyAnswered: false, looks: false)
    }
}

@Suite("When a loop looks before it sleeps")
struct LookoutTests {
    private func check(_ turns: [Turn], _ location: SourceLocation = #_sourceLocation) {
        var lookout = Lookout()
        var now = Timestamp.epoch
        for (place, turn) in turns.enumerated() {
            now = now.advanced(byMicroseconds: turn.after)
            lookout.begin(at: now)
            lookout.end(onlyAnswered: turn.onlyAnswered)
            #expect(
                lookout.paysOff == turn.looks,
                "turn \(place)",
                sourceLocation: location
            )
        }
    }

    @Test("It does not look before anything has followed an answer")
    func first() {
        check([.answer(after: 5, looks: false)])
    }

    @Test("It looks for the next call while calls follow soon, and stops after the first pause")
    func calls() {
        check([
            .answer(after: 5, looks: false),
            .answer(after: 59, looks: true),
            .answer(after: 10, looks: true),
            .answer(after: 60, looks: false),
            .answer(after: 1_000_000, looks: false),
            .answer(after: 20, looks: true),
        ])
    }

    @Test("Reports that follow their acknowledgements are looked for, however long the disk takes")
    func reports() {
        check([
            .usage(after: 5), .answer(after: 200, looks: false),
            .usage(after: 15), .answer(after: 5000, looks: true),
            .usage(after: 15), .answer(after: 200, looks: true),
            .usage(after: 300), .answer(after: 200, looks: false),
        ])
    }

    @Test("A loop that is fed usage without a pause never looks")
    func stream() {
        check([Turn](repeating: .usage(after: 10), count: 5))
    }

    @Test("A clock that is set back counts as soon, and is forgotten with the next turn")
    func clockSetBack() {
        check([
            .answer(after: 10_000_000, looks: false),
            .answer(after: -5_000_000, looks: true),
            .answer(after: 5_000_000, looks: false),
        ])
    }
}
