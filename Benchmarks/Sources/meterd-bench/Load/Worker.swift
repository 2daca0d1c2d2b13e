import Dispatch
import Foundation
import Synchronization

/// A thread that runs one body, and can be waited for.
final class Worker<Value: Sendable>: Sendable {
    private let outcome = Mutex<Result<Value, any Error>?>(nil)
    private let finished = DispatchSemaphore(value: 0)

    init(_ body: @escaping @Sendable () throws -> Value) {
        let thread = Thread { [self] in
            let result = Result { try body() }
            outcome.withLock { $0 = result }
            finished.signal()
        }
        thread.start()
    }

    /// Waits for the end, once.
    func join() throws -> Value {
        finished.wait()
        guard let result = outcome.withLock({ $0 }) else {
            throw BenchError("a thread ended without a result")
        }
        return try result.get()
    }
}
