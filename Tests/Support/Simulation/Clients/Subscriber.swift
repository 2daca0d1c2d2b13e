import Quantities
import Wire

/// What can be cut off, by its name, which no other has in a simulated world.
struct CutName: Hashable, Comparable, CustomStringConvertible {
    var scope: LimitScope
    var id: String

    var description: String { "\(scope) \(id)" }

    static func < (left: CutName, right: CutName) -> Bool {
        (left.scope.rawValue, left.id) < (right.scope.rawValue, right.id)
    }
}

/// A listener to cutoffs.
final class Subscriber: Client {
    /// What it was told is cut off.
    private(set) var cut: Set<CutName> = []
    /// Whether it has been told all that is cut off at present.
    private(set) var isComplete = false

    /// Whether something that was told to it has not been heard yet.
    var isBehind: Bool { speaker?.hasReceived ?? true }

    /// What is cut off and need not have been told: it was created so, after the present was told.
    func silent(_ cut: Set<CutName>) -> Set<CutName> {
        cut.subtracting(self.cut).filter { $0.scope == .org && world.neverOpen($0.id) }
    }

    override var unanswered: String? {
        isComplete ? nil : "it is not told all that is cut off"
    }

    override func greet(_ speaker: Speaker) {
        speaker.subscribe()
        isReady = true
    }

    override func reset() {
        cut = []
        isComplete = false
    }

    override func say(_ speaker: Speaker) -> Bool {
        guard world.isGenerating, world.roll(64) == 0 else { return false }
        speaker.ping()
        return true
    }

    override func take(_ message: DaemonMessage) throws(Violation) {
        switch message {
        case .subscribed(let subscribed):
            for cutoff in subscribed.cutoffs { cut.insert(CutName(cutoff)) }
            isComplete = isComplete || subscribed.isComplete
        case .cutoff(let cutoff):
            cut.insert(CutName(cutoff))
            world.statistics.cutoffs += 1
            if cutoff.scope == .org { world.cutoffTold(cutoff.id) }
        case .restored(let cutoff):
            cut.remove(CutName(cutoff))
        case .pong: break
        default: throw Violation("unexpected-answer", "\(name): \(message)")
        }
    }
}

extension CutName {
    init(_ cutoff: Cutoff) {
        self.init(scope: cutoff.scope, id: cutoff.id)
    }
}
