import Dispatch
import PostgresStore
import Quantities
import Synchronization

/// PostgreSQL for people's questions: connections and queues of its own, so that a slow report
/// never keeps a batch waiting.
///
/// Invariants:  what reads whole books keeps nobody waiting but its own kind, and payments wait for
///              payments alone; a question waits only while all connections for questions are busy.
final class ReaderDoor: Sendable {
    /// What a reading is for: readings of different lanes never wait for each other.
    enum Lane {
        /// Answered while a person waits: so many at once as the settings say.
        case question
        /// Whether a payment is known: without the answer no credits are given.
        case payment
        /// All requests of a period, which may take hours.
        case rerate
        /// All lines of all books, which may take as long.
        case audit
        /// Page by page, for as long as the client reads.
        case export
    }

    private let questions: ReaderQueues
    private let payments = DispatchQueue(label: "meterd.reader.payment")
    private let rerates = DispatchQueue(label: "meterd.reader.rerate")
    private let audits = DispatchQueue(label: "meterd.reader.audit")
    private let exports = DispatchQueue(label: "meterd.reader.export")
    private let settings: StoreSettings

    /// Makes a door.
    ///
    /// - Parameters:
    ///   - settings: What to connect to.
    ///   - connections: How many questions are answered at once.
    init(_ settings: StoreSettings, connections: Int) {
        self.settings = settings
        self.questions = ReaderQueues(max(connections, 1))
    }

    /// Asks on a connection that is opened for it.
    ///
    /// A question is rare, and a connection costs a millisecond: keeping one would only keep its
    /// failures.
    ///
    /// - Parameters:
    ///   - lane: What it is for.
    ///   - question: What is asked, on a queue of the lane.
    /// - Returns: The answer.
    /// - Throws: `unavailable` with what the server or the transport says.
    func ask<Answer: Sendable>(
        _ lane: Lane = .question,
        _ question: @escaping @Sendable (PostgresReader) throws(StoreError) -> Answer
    ) async throws(AdministrationError) -> Answer {
        let settings = self.settings
        let result: Result<Answer, StoreError> = await withCheckedContinuation { continuation in
            run(lane) {
                do throws(StoreError) {
                    let reader = PostgresReader(settings: settings)
                    defer { reader.disconnect() }
                    try reader.connect()
                    continuation.resume(returning: .success(try question(reader)))
                } catch {
                    continuation.resume(returning: .failure(error))
                }
            }
        }
        switch result {
        case .success(let answer): return answer
        case .failure(let error): throw .unavailable(reason: error.description)
        }
    }

    private func run(_ lane: Lane, _ job: @escaping @Sendable () -> Void) {
        switch lane {
        case .question: questions.run(job)
        case .payment: payments.async(execute: job)
        case .rerate: rerates.async(execute: job)
        case .audit: audits.async(execute: job)
        case .export: exports.async(execute: job)
        }
    }
}

/// Serial queues of which a job takes one that is free; jobs wait in line only while none is.
///
/// Serial ones, because jobs block: a concurrent queue's threads are shared and grow slowly.
final class ReaderQueues: Sendable {
    typealias Job = @Sendable () -> Void

    private struct State {
        var free: [Int]
        var waiting: [Job] = []
    }

    private let queues: [DispatchQueue]
    private let state: Mutex<State>

    /// Makes queues.
    ///
    /// - Parameter count: How many, at least one.
    init(_ count: Int) {
        invariant(count > 0, "somebody does the work")
        queues = (0..<count).map { DispatchQueue(label: "meterd.reader.\($0)") }
        state = Mutex(State(free: Array(0..<count)))
    }

    /// Runs a job on a queue that is free, or on the first one that will be.
    ///
    /// - Parameter job: What may block.
    func run(_ job: @escaping Job) {
        let free = state.withLock { state -> Int? in
            if let free = state.free.popLast() { return free }
            state.waiting.append(job)
            return nil
        }
        if let free { begin(job, on: free) }
    }

    private func begin(_ job: @escaping Job, on index: Int) {
        queues[index].async {
            job()
            let next = self.state.withLock { state -> Job? in
                if !state.waiting.isEmpty { return state.waiting.removeFirst() }
                state.free.append(index)
                return nil
            }
            if let next { self.begin(next, on: index) }
        }
    }
}
