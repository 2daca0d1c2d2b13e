import Dispatch
import PostgresStore
import Quantities

/// PostgreSQL for people's questions: a connection and a queue of its own, so that a slow report
/// never keeps a batch waiting.
final class ReaderDoor: Sendable {
    private let queue = DispatchQueue(label: "meterd.reader")
    private let settings: StoreSettings

    init(_ settings: StoreSettings) {
        self.settings = settings
    }

    /// Asks on a connection that is opened for it.
    ///
    /// A question is rare, and a connection costs a millisecond: keeping one would only keep its
    /// failures.
    func ask<Answer: Sendable>(
        _ question: @escaping @Sendable (PostgresReader) throws(StoreError) -> Answer
    ) async throws(AdministrationError) -> Answer {
        let settings = self.settings
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
