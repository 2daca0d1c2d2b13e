import Foundation

/// Runs what blocks on a thread of its own: the tasks' threads are few and must go on.
enum Blocking {
    static func run<Result: Sendable>(
        _ body: @escaping @Sendable () throws -> Result
    ) async throws -> Result {
        let console = Console.current
        return try await withCheckedThrowingContinuation { continuation in
            Thread {
                continuation.resume(
                    with: Swift.Result {
                        try Console.$current.withValue(console) { try body() }
                    }
                )
            }.start()
        }
    }

    /// The monotonic clock, in nanoseconds.
    static var nanoseconds: UInt64 {
        DispatchTime.now().uptimeNanoseconds
    }
}
