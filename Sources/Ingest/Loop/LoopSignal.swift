import CLinux
import Rings
import Synchronization

#if canImport(Glibc)
import Glibc
#endif

/// How others wake a loop that waits for its sockets.
///
/// Order:       `arm()` stores before the loop looks at its rings a last time, and `wake()` reads
///              after its caller has published: one of the two sees the other. Both are exchanges
///              on one atomic, acquiring and releasing.
/// Cost:        a wake-up of a loop that is busy is one exchange, no system call.
public final class LoopSignal: Sendable {
    let fd: Int32
    private let armed = Atomic<Bool>(false)
    private let roomWanted = Atomic<Bool>(false)
    private let replyRoomWanted = Atomic<Bool>(false)
    private let stopping = Atomic<Bool>(false)
    private let subscribed = Atomic<Int>(0)
    private let answering = Atomic<Answering>(.no)

    private enum Answering: UInt8, AtomicRepresentable {
        case no
        /// It runs stages in its own turn, and then sends what they answer.
        case yes
        /// And is to have the disk's queue woken after that.
        case owesSync
    }

    /// Makes a signal; for a loop that waits, the process must be allowed one more descriptor.
    ///
    /// - Parameter drive: What a wake-up sets going; a loop that is driven by hand is asked with
    ///   `isWoken`.
    public init(drive: Stage.Drive = .queue) {
        fd = drive == .queue ? eventfd(0, Int32(EFD_NONBLOCK) | Int32(EFD_CLOEXEC)) : -1
    }

    deinit {
        if fd >= 0 { close(fd) }
    }

    /// Wakes the loop if it waits.
    public func wake() {
        guard armed.exchange(false, ordering: .acquiringAndReleasing) else { return }
        guard fd >= 0 else { return }
        var one: UInt64 = 1
        _ = write(fd, &one, 8)
    }

    /// Whether a loop that is driven by hand, and has prepared to wait, was woken since.
    package var isWoken: Bool { !armed.load(ordering: .acquiring) }

    /// Whether a connection of the loop waits for room in a command ring.
    public var wantsRoom: Bool { roomWanted.load(ordering: .acquiring) }
    /// Asks the loop to kick its shards when it has next drained replies.
    ///
    /// Order: a fence here, between wish and look, and one in `takeReplyRoomWish()`, between giving
    /// room back and asking for wishes: either the loop sees the wish, or who wishes sees the room
    /// when it looks again.
    public func wantReplyRoom() {
        replyRoomWanted.store(true, ordering: .relaxed)
        atomicMemoryFence(ordering: .sequentiallyConsistent)
    }

    /// Whether a shard waits for room for replies; forgets it.
    func takeReplyRoomWish() -> Bool {
        atomicMemoryFence(ordering: .sequentiallyConsistent)
        guard replyRoomWanted.load(ordering: .relaxed) else { return false }
        return replyRoomWanted.exchange(false, ordering: .acquiringAndReleasing)
    }

    /// Whether somebody on this loop listens to cutoffs.
    public var hasSubscribers: Bool { subscribed.load(ordering: .acquiring) > 0 }

    /// Asks the loop to stop reading and to end when everything taken is answered.
    public func stop() {
        stopping.store(true, ordering: .releasing)
        wake()
    }

    /// Leaves the kick of the disk's stage to the loop, if it is about to answer.
    ///
    /// Why: waking the disk's queue takes as long as sending an answer, and its thread may take the
    /// processor that who waits for the answer needs. What is written is answered first.
    /// Order: what waits for the sync was noted before; the loop kicks after it has taken this back
    /// by an exchange on the same atomic.
    ///
    /// - Returns: Whether the loop will kick it; else it is the caller's to do.
    public func leaveSync() -> Bool {
        var seen = answering.load(ordering: .relaxed)
        // Written also where it is owed already: a plain load could pass what was noted before.
        while seen != .no {
            let (isLeft, original) = answering.weakCompareExchange(
                expected: seen,
                desired: .owesSync,
                ordering: .acquiringAndReleasing
            )
            if isLeft { return true }
            seen = original
        }
        return false
    }

    /// Says that the loop runs stages now and answers after it.
    func beginAnswering() {
        answering.store(.yes, ordering: .releasing)
    }

    /// Says that it has answered.
    ///
    /// - Returns: Whether the kick of the disk's stage was left to it.
    func endAnswering() -> Bool {
        answering.exchange(.no, ordering: .acquiringAndReleasing) == .owesSync
    }

    var isStopping: Bool { stopping.load(ordering: .acquiring) }

    func arm() {
        _ = armed.exchange(true, ordering: .acquiringAndReleasing)
    }

    func disarm() {
        if armed.exchange(false, ordering: .acquiringAndReleasing) || fd < 0 { return }
        var count: UInt64 = 0
        _ = read(fd, &count, 8)
    }

    func setWantsRoom(_ wanted: Bool) {
        roomWanted.store(wanted, ordering: .releasing)
    }

    func changeSubscribers(by difference: Int) {
        subscribed.wrappingAdd(difference, ordering: .acquiringAndReleasing)
    }
}
