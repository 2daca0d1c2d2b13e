import DaemonHarness
import Foundation
import Synchronization

/// Runs a body on so many threads at once, and waits for all of them.
///
/// - Throws: The first error that one of them had.
func inParallel(_ count: Int, _ body: @escaping @Sendable (Int) throws -> Void) throws {
    let group = DispatchGroup()
    let failure = FirstError()
    for index in 0..<count {
        group.enter()
        let thread = Thread {
            do { try body(index) } catch { failure.note(error) }
            group.leave()
        }
        thread.stackSize = 1 << 20
        thread.start()
    }
    group.wait()
    try failure.rethrow()
}

/// Asks a question again and again on a thread of its own, until it is finished.
final class Watch: Sendable {
    private let isOver = Atomic<Bool>(false)
    private let failure = FirstError()
    private let ended = DispatchSemaphore(value: 0)

    init(_ question: @escaping @Sendable () throws -> Void) {
        let thread = Thread { [self] in
            do {
                while !isOver.load(ordering: .relaxed) { try question() }
            } catch {
                failure.note(error)
            }
            ended.signal()
        }
        thread.start()
    }

    func finish() throws {
        isOver.store(true, ordering: .relaxed)
        ended.wait()
        try failure.rethrow()
    }
}

/// Keeps the first of several errors.
final class FirstError: Sendable {
    private let error = Mutex<(any Error)?>(nil)

    func note(_ error: any Error) {
        self.error.withLock { $0 = $0 ?? error }
    }

    func rethrow() throws {
        if let error = error.withLock({ $0 }) { throw error }
    }
}
