import Accounting
import Quantities
import Synchronization

/// What is known of a producer while nobody speaks for it.
struct ProducerState: Sendable {
    var number: UInt32
    /// The highest sequence taken.
    var accepted: UInt64
    /// Sequences beyond `accepted` that were found in the journal at start: they are booked
    /// already.
    var recovered: SequenceSet
    /// What has to be safe before `accepted` is: where its last connection stood in the rings.
    var barrier: [Barrier] = []
    /// Digests of the latest reports, by sequence modulo the count; 0 where none is known.
    ///
    /// Empty before the first report, and when the producer has been away for long.
    var recent: [UInt64] = []

    init(number: UInt32, progress: SequenceSet) {
        self.number = number
        self.accepted = progress.contiguous
        self.recovered = progress
    }
}

/// A producer while a connection speaks for it.
///
/// Why: a class, so that counting a sequence changes a word in place instead of copying a value.
/// Queue: the connection's loop.
final class ProducerSession {
    let name: String
    let number: UInt32
    @exclusivity(unchecked) private(set) var accepted: UInt64
    private let recovered: SequenceSet
    private let hasRecovered: Bool
    /// Digests of the latest reports, by sequence modulo the count; 0 where none is known.
    ///
    /// There are none before the first report.
    @exclusivity(unchecked) private var recent: UnsafeMutablePointer<UInt64>?

    /// How many digests are kept, a power of two.
    private static let recentCount = 1024

    init(name: String, _ state: ProducerState) {
        self.name = name
        self.number = state.number
        self.accepted = state.accepted
        self.recovered = state.recovered
        self.hasRecovered = !state.recovered.isContiguous
        guard !state.recent.isEmpty else { return }
        let known = makeRecent()
        for (index, digest) in state.recent.enumerated() { known[index] = digest }
    }

    deinit {
        recent?.deallocate()
    }

    @inline(never)
    private func makeRecent() -> UnsafeMutablePointer<UInt64> {
        let made = UnsafeMutablePointer<UInt64>.allocate(capacity: ProducerSession.recentCount)
        made.initialize(repeating: 0, count: ProducerSession.recentCount)
        recent = made
        return made
    }

    /// A session that expects no sequence at all.
    static var nobody: ProducerSession {
        var state = ProducerState(number: 0, progress: SequenceSet())
        state.accepted = .max
        return ProducerSession(name: "", state)
    }

    /// What is left of it when its connection ends.
    func state(barrier: [Barrier]) -> ProducerState {
        var state = ProducerState(number: number, progress: recovered)
        state.accepted = accepted
        state.barrier = barrier
        state.recent =
            recent.map {
                Array(UnsafeBufferPointer(start: $0, count: ProducerSession.recentCount))
            } ?? []
        return state
    }

    /// Whether a sequence is the one after the last, and was not booked before the daemon started.
    @inline(__always)
    func isNext(_ sequence: UInt64) -> Bool {
        sequence == accepted &+ 1 && !(hasRecovered && recovered.contains(sequence))
    }

    /// Counts the next sequence.
    @inline(__always)
    func accept(_ sequence: UInt64, digest: UInt64) {
        accepted = sequence
        (recent ?? makeRecent())[ProducerSession.place(sequence)] = digest
    }

    /// Whether a repeat says something else than the report that was taken; false when forgotten.
    func isConflict(_ sequence: UInt64, digest: UInt64) -> Bool {
        guard let recent, accepted - sequence < UInt64(ProducerSession.recentCount) else {
            return false
        }
        let known = recent[ProducerSession.place(sequence)]
        return known != 0 && known != digest
    }

    @inline(__always)
    private static func place(_ sequence: UInt64) -> Int {
        Int(truncatingIfNeeded: sequence) & (recentCount - 1)
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

    private struct Register: Sendable {
        var entries: [String: Entry] = [:]
        /// Who left digests behind, in the order of leaving, each name once for each time.
        var leavers: [String] = []
    }

    /// How many names there may be, ever.
    let most: Int
    private let register = Mutex(Register())
    private let numbering: @Sendable (String) -> UInt32?

    /// Makes an empty register.
    ///
    /// - Parameters:
    ///   - most: How many names there may be, ever.
    ///   - numbering: Gives a producer's name its number, or nil when there are too many.
    public init(most: Int, numbering: @escaping @Sendable (String) -> UInt32?) {
        self.most = most
        self.numbering = numbering
    }

    /// Puts in what recovery found.
    ///
    /// - Parameters:
    ///   - name: The producer's name.
    ///   - number: Its number.
    ///   - progress: The sequences that are booked.
    public func restore(_ name: String, number: UInt32, progress: SequenceSet) {
        register.withLock { register in
            let state = ProducerState(number: number, progress: progress)
            register.entries[name] = Entry(state: state)
        }
    }

    enum Claim {
        case taken(ProducerState)
        case inUse
        case tooMany
    }

    func claim(_ name: String) -> Claim {
        let known = register.withLock { register -> Claim? in
            guard let entry = register.entries[name] else { return nil }
            if entry.taken { return .inUse }
            register.entries[name]?.taken = true
            return .taken(entry.state)
        }
        if let known { return known }
        guard let number = numbering(name) else { return .tooMany }
        let fresh = ProducerState(number: number, progress: SequenceSet())
        return register.withLock { register in
            if register.entries[name]?.taken == true { return .inUse }
            register.entries[name] = Entry(state: fresh, taken: true)
            return .taken(fresh)
        }
    }

    func giveBack(_ name: String, _ state: ProducerState) {
        register.withLock { register in
            register.entries[name]?.state = state
            register.entries[name]?.taken = false
            guard !state.recent.isEmpty else { return }
            register.leavers.append(name)
            guard register.leavers.count > 2 * Producers.leaversWithDigests else { return }
            let long = register.leavers.prefix(Producers.leaversWithDigests)
            register.leavers.removeFirst(Producers.leaversWithDigests)
            let lately = Set(register.leavers)
            for name in long where !lately.contains(name) {
                register.entries[name]?.state.recent = []
            }
        }
    }

    /// So many producers that left last keep their digests, and at most twice as many: 8 KiB each,
    /// which ever new names would otherwise take for ever.
    private static let leaversWithDigests = 512
}
