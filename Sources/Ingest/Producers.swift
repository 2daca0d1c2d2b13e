import Accounting
import Quantities
import Synchronization

/// What is known of a producer while nobody or one connection speaks for it.
struct ProducerState: Sendable {
    var number: UInt32
    /// The highest sequence taken.
    var accepted: UInt64
    /// Sequences beyond `accepted` that were found in the journal at start: they are booked already.
    var recovered: SequenceSet
    /// What has to be safe before `accepted` is: where its last connection stood in the rings.
    var barrier: [Barrier] = []
    /// Digests of the latest reports, by sequence modulo the count; 0 where none is known.
    var recent: [UInt64]

    static let recentCount = 1024

    init(number: UInt32, progress: SequenceSet) {
        self.number = number
        self.accepted = progress.contiguous
        self.recovered = progress
        self.recent = []
    }
}

/// All producers, and which of them a connection speaks for at the moment.
///
/// Invariants:  at most one connection speaks for a producer, so that its sequences have one order.
/// Queue:       any loop; a lock, taken at hello and at the end of a connection.
public final class Producers: Sendable {
    private struct Entry: Sendable {
        var state: ProducerState
        var taken = false
    }

    private let entries = Mutex<[String: Entry]>([:])
    private let numbering: @Sendable (String) -> UInt32?

    /// Makes an empty register.
    ///
    /// - Parameter numbering: Gives a producer's name its number, or nil when there are too many.
    public init(numbering: @escaping @Sendable (String) -> UInt32?) {
        self.numbering = numbering
    }

    /// Puts in what recovery found.
    ///
    /// - Parameters:
    ///   - name: The producer's name.
    ///   - number: Its number.
    ///   - progress: The sequences that are booked.
    public func restore(_ name: String, number: UInt32, progress: SequenceSet) {
        entries.withLock { entries in
            entries[name] = Entry(state: ProducerState(number: number, progress: progress))
        }
    }

    enum Claim {
        case taken(ProducerState)
        case inUse
        case tooMany
    }

    func claim(_ name: String) -> Claim {
        let known = entries.withLock { entries -> Claim? in
            guard let entry = entries[name] else { return nil }
            if entry.taken { return .inUse }
            entries[name]?.taken = true
            return .taken(entry.state)
        }
        if let known { return known }
        guard let number = numbering(name) else { return .tooMany }
        let fresh = ProducerState(number: number, progress: SequenceSet())
        return entries.withLock { entries in
            if entries[name]?.taken == true { return .inUse }
            entries[name] = Entry(state: fresh, taken: true)
            return .taken(fresh)
        }
    }

    func giveBack(_ name: String, _ state: ProducerState) {
        entries.withLock { entries in
            entries[name]?.state = state
            entries[name]?.taken = false
        }
    }
}
