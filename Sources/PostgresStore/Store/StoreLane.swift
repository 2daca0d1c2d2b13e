import Dispatch

/// A connection beside the store's first, with what it needs to write a part of a batch.
final class StoreLane {
    let connection: PostgresConnection
    let queue: DispatchQueue
    let usageRows = OutputBuffer(capacity: 1 << 18)
    let ledgerRows = OutputBuffer(capacity: 1 << 16)
    let floors = DearestFloors()

    init(connection: PostgresConnection, number: Int) {
        self.connection = connection
        queue = DispatchQueue(label: "meterd.store.\(number)")
    }
}

/// One piece of work that runs beside the caller, who waits for it before he goes on.
///
/// Order:       what the work captures belongs to the queue from `init` until `wait` returns, and
///              to the caller again from then on; waiting for the work item orders the two. The
///              caller keeps its hands off meanwhile. Attacked by `LaneTests` and the PostgreSQL
///              outage scenarios.
/// Why:         two connections keep two of the server's processes busy, and each call blocks.
struct SideRun {
    private final class Outcome {
        var fault: StoreError?
    }

    private let outcome: Outcome
    private let item: DispatchWorkItem

    /// Begins the work.
    ///
    /// - Parameters:
    ///   - queue: Where; nothing else runs there.
    ///   - work: What to do.
    init(on queue: DispatchQueue, _ work: @escaping () throws(StoreError) -> Void) {
        let outcome = Outcome()
        item = DispatchWorkItem {
            do throws(StoreError) {
                try work()
            } catch {
                outcome.fault = error
            }
        }
        self.outcome = outcome
        queue.async(execute: item)
    }

    /// Waits for its end; to be called once.
    ///
    /// - Returns: What went wrong.
    func wait() -> StoreError? {
        item.wait()
        return outcome.fault
    }
}
