import Dispatch
import Synchronization

extension Attack {
    /// Runs a body so many times side by side, each on a thread of its own, and adds up its counts.
    ///
    /// - Parameters:
    ///   - count: How many threads.
    ///   - body: What each does; it is told its number.
    /// - Returns: The sum of what the bodies returned.
    /// - Throws: The first error of a body.
    func inParallel(_ count: Int, _ body: @escaping @Sendable (Int) throws -> Int) throws -> Int {
        let group = DispatchGroup()
        let results = Mutex<[Result<Int, any Error>]>([])
        for index in 0..<count {
            DispatchQueue(label: "hostile.\(index)").async(group: group) {
                let result = Result { try body(index) }
                results.withLock { $0.append(result) }
            }
        }
        group.wait()
        return try results.withLock { try $0.reduce(0) { sum, result in try sum + result.get() } }
    }
}
