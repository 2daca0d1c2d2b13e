import Quantities
import Wire

/// A listener to cutoffs.
final class Subscriber: Client {
    /// The organisations that it was told are cut off.
    private(set) var cut: Set<String> = []
    /// Whether it has been told all that is cut off at present.
    private(set) var isComplete = false

    /// Whether something that was told to it has not been heard yet.
    var isBehind: Bool { speaker?.hasReceived ?? true }

    /// What is cut off and need not have been told: it was created so, after the present was told.
    func silent(_ cut: Set<String>) -> Set<String> {
        cut.subtracting(self.cut).filter { world.neverOpen($0) }
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
            for cutoff in subscribed.cutoffs where cutoff.scope == .org { cut.insert(cutoff.id) }
            isComplete = isComplete || subscribed.isComplete
        case .cutoff(let cutoff):
            guard cutoff.scope == .org else { return }
            cut.insert(cutoff.id)
            world.cutoffTold(cutoff.id)
            world.statistics.cutoffs += 1
        case .restored(let cutoff):
            if cutoff.scope == .org { cut.remove(cutoff.id) }
        case .pong: break
        default: throw Violation("unexpected-answer", "\(name): \(message)")
        }
    }
}
