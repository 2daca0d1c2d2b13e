import Dispatch
import PostgresStore
import Quantities
import Synchronization

/// PostgreSQL for people's questions: connections and queues of its own, so that a slow report
/// never keeps a batch waiting.
final class ReaderDoor: Sendable {
    private let queues: [DispatchQueue]
    private let next = Atomic<Int>(0)
    private let settings: StoreSettings

    /// Makes a door.
    ///
    /// - Parameters:
    ///   - settings: What to connect to.
    ///   - connections: How many questions are answered at once.
    init(_ settings: StoreSettings, connections: Int) {
        self.settings = settings
        self.queues = (0..<max(connections, 1)).map { DispatchQueue(label: "meterd.reader.\($0)") }
    }

    /// Asks on a connection that is opened for it.
    ///
    /// A question is rare, and a connection costs a millisecond: keeping one would only keep its
    /// failures.
    func ask<Answer: Sendable>(
        _ question: @escaping @Sendable (PostgresReader) throws(StoreError) -> Answer
    ) async throws(AdministrationError) -> Answer {
        let settings = self.settings
        let turn = next.wrappingAdd(1, ordering: .relaxed).newValue
        let queue = queues[turn % queues.count]
        let result: Result<Answer, StoreError> = await withCheckedContinuation { continuation in
            queue.async {
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
}
