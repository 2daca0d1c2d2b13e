import DaemonHarness
import Dispatch
import Glibc
import Synchronization

/// A call that is made while somebody is killed, and made again afterwards, the same.
final class CallProbe: Sendable {
    let what: String
    private let method: String
    private let path: String
    private let body: String
    private let key: String?
    private let admin: Administrator
    private let wasDone = Mutex(false)
    private let finished = DispatchGroup()

    init(_ admin: Administrator, _ method: String, _ path: String, _ body: String, key: String?) {
        self.admin = admin
        (self.method, self.path, self.body, self.key) = (method, path, body, key)
        what = "\(method) \(path) \(body)"
    }

    /// Calls on a queue of its own.
    func ask() {
        DispatchQueue(label: "crash.call").async(group: finished) {
            // No answer is the usual case here: somebody is being killed.
            let isDone = (try? self.call())?.status == 201
            self.wasDone.withLock { $0 = isDone }
        }
    }

    private func call() throws -> HTTPAnswer {
        try admin.call(
            method,
            path,
            body,
            headers: key.map { ["Idempotency-Key": $0] } ?? [:]
        )
    }

    /// Calls again, until there is an answer; what it names may still be on its way to PostgreSQL.
    ///
    /// - Parameter seconds: How long.
    /// - Returns: What is wrong, or nil.
    /// - Throws: `HarnessError` when there is none.
    func repeated(within seconds: Double = 60) throws -> String? {
        finished.wait()
        var answer: HTTPAnswer?
        let start = HarnessClock.seconds
        while HarnessClock.seconds - start < seconds {
            answer = try call()
            if answer?.status != 503, answer?.status != 404 { break }
            usleep(50_000)
        }
        guard let answer else { return "\(what): no answer" }
        let isDone =
            (200...201).contains(answer.status)
            || (answer.status == 409 && answer.code == "coupon_redeemed")
        if !isDone { return "\(what): \(answer.status) \(answer.text)" }
        // The first one was done and answered: it must be known.
        if wasDone.withLock({ $0 }), method == "POST", answer.status == 201 {
            return "\(what) was confirmed before the kill, and is not known after it"
        }
        return nil
    }
}
