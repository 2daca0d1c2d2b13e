import Quantities

/// Recognises repeats of calls that carry no sequence, over a stated window of time and number.
///
/// Units:       identities are 128-bit digests of (source, id); two different calls share one with
///              a probability that does not matter at 10^9 entries.
/// Invariants:  the newest `capacity` identities younger than `age` are always known.
public struct IdentityWindow {
    /// What is known of an identity.
    public struct Entry: Sendable, Hashable {
        /// The digest of the call's content.
        public var content: UInt64
        /// What the call made, such as a grant's number.
        public var result: UInt32
    }

    /// What an identity turned out to be.
    public enum Finding: Sendable, Hashable {
        case new
        case repeated(result: UInt32)
        case conflict
    }

    private var known: [UInt128: Entry] = [:]
    private var order: [(identity: UInt128, at: Timestamp)] = []
    private var oldest = 0
    private let capacity: Int
    private let age: Int64

    /// Makes an empty window.
    ///
    /// - Parameters:
    ///   - capacity: How many identities are kept.
    ///   - ageMicroseconds: How long they are kept.
    public init(capacity: Int, ageMicroseconds: Int64) {
        self.capacity = capacity
        self.age = ageMicroseconds
    }

    /// How many identities are known.
    public var count: Int { known.count }

    /// Tells what an identity is.
    ///
    /// - Parameters:
    ///   - identity: Who calls and what the call's own id is.
    ///   - content: The digest of the call's content.
    /// - Returns: Whether it is new, a repeat, or in conflict with what is known.
    public func find(_ identity: UInt128, content: UInt64) -> Finding {
        guard let entry = known[identity] else { return .new }
        return entry.content == content ? .repeated(result: entry.result) : .conflict
    }

    /// What is known of an identity, whatever its content.
    ///
    /// - Parameter identity: Who calls and what the call's own id is.
    /// - Returns: The entry, or nil when it is new.
    public func entry(of identity: UInt128) -> Entry? { known[identity] }

    /// Remembers an identity, and forgets what has left the window.
    ///
    /// - Parameters:
    ///   - identity: Who calls and what the call's own id is.
    ///   - content: The digest of the call's content.
    ///   - result: What the call made.
    ///   - now: The present moment.
    public mutating func insert(
        _ identity: UInt128,
        content: UInt64,
        result: UInt32,
        at now: Timestamp
    ) {
        if known.updateValue(Entry(content: content, result: result), forKey: identity) != nil {
            return
        }
        order.append((identity, now))
        let horizon = now.advanced(byMicroseconds: -age)
        while oldest < order.count,
            known.count > capacity || order[oldest].at < horizon
        {
            known.removeValue(forKey: order[oldest].identity)
            oldest += 1
        }
        if oldest > 1024, oldest * 2 > order.count {
            order.removeFirst(oldest)
            oldest = 0
        }
    }
}
