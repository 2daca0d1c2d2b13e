import Dispatch
import Journaling
import Quantities
import Rings

/// For those who move the clock by hand and leave the stages to their own queues.
extension Engine {
    /// Has every shard do what is due by the clock's present moment; returns when it is done.
    ///
    /// Blocks, so not from a stage or a cooperative task. What was decided is on its way to the
    /// journal then, as after any turn.
    package func catchUp() {
        let moment = time.now()
        repeat {
            // A job runs in the middle of a turn: the second one proves that the turn of the first,
            // which read the clock after it was moved, has ended and told what is due next.
            passEveryShard()
            passEveryShard()
        } while shards.contains { $0.signal.nextDue <= moment }
    }

    private func passEveryShard() {
        let passed = DispatchGroup()
        for shard in shards {
            passed.enter()
            shard.inbox.put { _ in passed.leave() }
            shard.stage.kick()
        }
        passed.wait()
    }

    /// Whether nothing moves between memory and the journal's files.
    package var isAtRest: Bool {
        let stages = shards.map(\.stage) + [journalStage, syncStage, segmentStage]
        guard stages.allSatisfy(\.isIdle) else { return false }
        return journal.positions.written == journal.positions.synced
    }
}
