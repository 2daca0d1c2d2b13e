import DaemonHarness
import Dispatch
import Synchronization

/// A grant that is asked for while the daemon is killed, and asked for again afterwards.
///
/// Whatever came of the first call, with the same idempotency key the credits come exactly once.
final class GrantProbe: Sendable {
    static let amount = "7"

    private let key: String
    private let organisation: String
    private let admin: Administrator
    private let wasAnswered = Mutex<Bool?>(nil)
    private let finished = DispatchGroup()

    /// Asks on a queue of its own.
    init(_ admin: Administrator, organisation: String, key: String) {
        self.admin = admin
        self.organisation = organisation
        self.key = key
        DispatchQueue(label: "crash.grant").async(group: finished) {
            // No answer is the usual case here: the daemon is being killed.
            let answer = try? self.admin.grant(Self.amount, to: organisation, key: key)
            self.wasAnswered.withLock { $0 = answer != nil }
        }
    }

    /// Asks again, after the daemon has come back.
    ///
    /// - Returns: What is wrong, or nil.
    /// - Throws: `HarnessError` when the second call fails.
    func repeated() throws -> String? {
        finished.wait()
        let receipt = try admin.grant(Self.amount, to: organisation, key: key)
        let wasAnswered = wasAnswered.withLock { $0 } ?? false
        guard wasAnswered, receipt["repeated"].bool != true else { return nil }
        return "the grant \(key) was confirmed before the kill, and is not known after it"
    }
}
