import Dispatch

/// A connection beside the store's first, with what it needs to write a part of a batch.
final class StoreLane {
    let connection: PostgresConnection
    let queue: DispatchQueue
    let usageRows = OutputBuffer(capacity: 1 << 18)
    let ledgerRows = OutputBuffer(capacity: 1 << 16)

    init(connection: PostgresConnection, number: Int) {
        self.connection = connection
        queue = DispatchQueue(label: "meterd.store.\(number)")
    }
}

/// One piece of work that runs beside the caller, who waits for it before he goes on.
///
/// Why: two connections keep two of the server's processes busy, and each call blocks.
final class SideRun: @unchecked Sendable {
    // SAFETY: what the work captures belongs to the queue from `init` until `wait` returns, and to
    // the caller again from then on; the semaphore orders the two. The caller keeps its hands off
    // meanwhile. Attacked by LaneTests and the PostgreSQL outage scenarios.

    private let work: () throws(StoreError) -> Void
    private let done = DispatchSemaphore(value: 0)
    private var fault: StoreError?

    /// Begins the work.
    ///
    /// - Parameters:
    ///   - queue: Where; nothing else runs there.
    ///   - work: What to do.
    init(on queue: DispatchQueue, _ work: @escaping () throws(StoreError) -> Void) {
        self.work = work
        queue.async { self.run() }
    }

    private func run() {
        do throws(StoreError) {
            try work()
        } catch {
            fault = error
        }
        done.signal()
    }

    /// Waits for its end; to be called once.
    ///
    /// - Returns: What went wrong.
    func wait() -> StoreError? {
        done.wait()
        return fault
    }
}
