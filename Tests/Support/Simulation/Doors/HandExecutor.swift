import Synchronization

/// Runs the jobs of tasks when the scheduler says so, in the order in which they came.
final class HandExecutor: TaskExecutor {
    private let jobs = Mutex<[UnownedJob]>([])

    var isIdle: Bool { jobs.withLock { $0.isEmpty } }

    func enqueue(_ job: consuming ExecutorJob) {
        let unowned = UnownedJob(job)
        jobs.withLock { $0.append(unowned) }
    }

    /// Runs the oldest job.
    func step() {
        let job = jobs.withLock { jobs in jobs.isEmpty ? nil : jobs.removeFirst() }
        job?.runSynchronously(on: asUnownedTaskExecutor())
    }
}
