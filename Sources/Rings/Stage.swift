import Dispatch
import Glibc
import Quantities
import Synchronization

/// A body that at most one thread runs at a time, and that runs again after every kick.
///
/// Layout:      idle -> scheduled -> running <-> runningAgain     (then back to idle, or scheduled)
///              A turn that is scheduled may be taken over before the queue begins it; the queue
///              then finds the state changed and does nothing.
/// Invariants:  the body is never run by two threads at once; after a kick returns, a run of the
///              body begins that sees everything written before the kick.
/// Order:       every change of state is a read-modify-write, acquiring and releasing. What one run
///              wrote is therefore visible in the next one, on whatever thread; and what a producer
///              published before `kick()` is visible in the run that the kick causes, because the
///              kick's write and the body's attempt to go idle are ordered on the one atomic:
///              either the attempt sees the kick and runs again, or the kick sees idle and
///              schedules. A kick never skips its write, also where the state would not change: a
///              plain load could pass the store that published.
/// Queue:       a private serial queue per stage; `runInline()` runs on the caller's thread.
/// Cost:        a kick of a busy stage is one compare-and-swap; of an idle one, a wake-up of its
///              queue too, by a source, because that allocates nothing.
/// Why:         one wake-up per idle-to-busy turn, and a stage whose queue would have to wake up
///              first can be driven by the thread that filled its ring.
public final class Stage: @unchecked Sendable {
    // SAFETY: `body` and `brief` are written by `activate` while the state says that the stage is
    // held by its creator, then only called by the thread that moved the state to running, and
    // taken away by `retire`, which does so too and never hands the state back. Attacked by
    // `StageStressTests` with many threads.

    /// What a stage's kicks set going.
    public enum Drive: Sendable {
        /// The stage's own queue.
        case queue
        /// Whoever calls `step()`: for simulated runs, which need no threads.
        case hand
    }

    /// The stage's name, also its queue's label.
    public let label: String

    private let source: (any DispatchSourceUserDataOr)?
    private let drive: Drive
    private let rounds: Int
    private let state = Atomic<State>(.runningAgain)
    private var body: (() -> Void)?
    private var brief: ((Int) -> Void)?

    /// Makes a stage that waits for its body; kicks until then are remembered.
    ///
    /// - Parameters:
    ///   - label: The stage's name, also its queue's label.
    ///   - rounds: After so many rounds in a row the rest goes through the queue, so that a caller
    ///     of `runInline()` is not held captive.
    ///   - drive: What a kick sets going.
    public init(label: String, rounds: Int = 4, drive: Drive = .queue) {
        invariant(rounds > 0, "a stage runs at least one round")
        self.label = label
        self.rounds = rounds
        self.drive = drive
        guard drive == .queue else {
            source = nil
            return
        }
        source = DispatchSource.makeUserDataOrSource(queue: DispatchQueue(label: label))
        source?.setEventHandler { [weak self] in self?.runScheduled() }
        source?.activate()
    }

    deinit {
        source?.cancel()
    }

    /// Makes a stage that is ready to run.
    ///
    /// - Parameters:
    ///   - label: The stage's name, also its queue's label.
    ///   - rounds: How many rounds in a row before the rest goes through the queue.
    ///   - drive: What a kick sets going.
    ///   - body: What the stage does; it drains what it finds and returns.
    public convenience init(
        label: String,
        rounds: Int = 4,
        drive: Drive = .queue,
        body: sending @escaping () -> Void
    ) {
        self.init(label: label, rounds: rounds, drive: drive)
        activate(body)
    }

    /// Gives the stage its body, once; it runs soon after, as if it had been kicked.
    ///
    /// - Parameters:
    ///   - brief: The part of the body's work that does not bear waiting, for `runBriefly(_:)`.
    ///   - body: What the stage does; it drains what it finds and returns.
    public func activate(
        brief: sending ((Int) -> Void)? = nil,
        _ body: sending @escaping () -> Void
    ) {
        invariant(self.body == nil, "a stage is activated once")
        self.body = body
        self.brief = brief
        // Held as `runningAgain` since the initialiser: kicks before this point changed nothing.
        schedule(from: .runningAgain)
    }

    /// Takes the body away from a stage that will not run again; kicks change nothing after it.
    ///
    /// Stages hold each other by their bodies: a process that has many daemons one after the other
    /// would keep them all. A run that is under way on the stage's queue is waited for.
    package func retire() {
        if drive == .queue {
            while takeOver() == nil { sched_yield() }
        }
        body = nil
        brief = nil
    }

    /// Asks for a run after this moment; returns at once.
    public func kick() {
        if mark(idleBecomes: .scheduled) == .idle { enqueue() }
    }

    /// Runs the body here and now if the stage is idle; else asks for another run, as `kick()`
    /// does.
    ///
    /// Called from within the body it only asks: there is no recursion.
    ///
    /// - Returns: Whether the body ran on this thread.
    @discardableResult
    public func runInline() -> Bool {
        guard mark(idleBecomes: .running) == .idle else { return false }
        runRounds()
        return true
    }

    /// Runs the body here and now if nobody does, also in the place of a queue that was kicked and
    /// has not begun; else asks for another run, as `kick()` does.
    ///
    /// Why: a queue's thread may have to wait for a processor, and what is asked now would wait
    /// with it.
    ///
    /// - Returns: Whether the body ran on this thread.
    @discardableResult
    public func runNow() -> Bool {
        guard takeOver() != nil else {
            kick()
            return false
        }
        runRounds()
        return true
    }

    /// Runs what does not bear waiting here and now if nobody runs the body; else asks for a run of
    /// the body, as `kick()` does.
    ///
    /// A kick that waits goes on waiting, and its run sees what this one wrote.
    ///
    /// - Parameter extent: What the brief part is told.
    /// - Returns: Whether it ran on this thread.
    @discardableResult
    public func runBriefly(_ extent: Int = 0) -> Bool {
        guard let before = takeOver() else {
            kick()
            return false
        }
        guard let brief else { invariantBroken("a stage that is run briefly has a brief part") }
        brief(extent)
        handBack(before)
        return true
    }

    /// Does something while the stage cannot run, as if another thread were running it.
    ///
    /// Only for a stage that is driven by hand: a simulated run has no other threads.
    ///
    /// - Parameter action: What to do meanwhile.
    package func occupied(_ action: () -> Void) {
        invariant(drive == .hand, "only a stage driven by hand is occupied")
        let before = takeOver()
        action()
        if let before { handBack(before) }
    }

    /// Runs the body here if a kick is waiting; only for a stage that is driven by hand.
    ///
    /// - Returns: Whether a kick was waiting.
    @discardableResult
    public func step() -> Bool {
        invariant(drive == .hand, "only a stage driven by hand is stepped")
        guard state.load(ordering: .acquiring) == .scheduled else { return false }
        runScheduled()
        return true
    }

    /// Whether nothing runs and no kick waits, at this moment; readable from any thread.
    public var isIdle: Bool { state.load(ordering: .acquiring) == .idle }
}

extension Stage {
    private enum State: UInt8, AtomicRepresentable {
        case idle
        case scheduled
        case running
        case runningAgain
    }

    /// Records the wish for a run and returns the state before it.
    private func mark(idleBecomes wanted: State) -> State {
        var seen = state.load(ordering: .relaxed)
        while true {
            let next: State =
                switch seen {
                case .idle: wanted
                case .scheduled: .scheduled
                case .running, .runningAgain: .runningAgain
                }
            let (exchanged, original) = state.weakCompareExchange(
                expected: seen,
                desired: next,
                ordering: .acquiringAndReleasing
            )
            if exchanged { return original }
            seen = original
        }
    }

    private func runScheduled() {
        // Somebody may have taken the turn over; then there is nothing left of the kick to do.
        let (isOurs, _) = state.compareExchange(
            expected: .scheduled,
            desired: .running,
            ordering: .acquiringAndReleasing
        )
        if isOurs { runRounds() }
    }

    /// Makes this thread the running one if there is none; returns the state before, or nil.
    private func takeOver() -> State? {
        var seen = state.load(ordering: .relaxed)
        while seen == .idle || seen == .scheduled {
            let (exchanged, original) = state.weakCompareExchange(
                expected: seen,
                desired: .running,
                ordering: .acquiringAndReleasing
            )
            if exchanged { return original }
            seen = original
        }
        return nil
    }

    /// Ends what `takeOver()` began without having run the body.
    private func handBack(_ before: State) {
        let (exchanged, _) = state.compareExchange(
            expected: .running,
            desired: before,
            ordering: .acquiringAndReleasing
        )
        if !exchanged {
            schedule(from: .runningAgain)
        } else if before == .scheduled {
            // The queue may have come meanwhile and found that it was not its turn.
            enqueue()
        }
    }

    /// The body's rounds; the caller has moved the state to running.
    private func runRounds() {
        guard let body else { invariantBroken("a stage runs after it was activated") }
        for _ in 1..<rounds {
            body()
            if becomesIdle() { return }
            let before = state.exchange(.running, ordering: .acquiringAndReleasing)
            invariant(before == .runningAgain, "only the running thread goes on")
        }
        body()
        if becomesIdle() { return }
        schedule(from: .runningAgain)
    }

    private func becomesIdle() -> Bool {
        state.compareExchange(
            expected: .running,
            desired: .idle,
            ordering: .acquiringAndReleasing
        ).exchanged
    }

    private func schedule(from expected: State) {
        let before = state.exchange(.scheduled, ordering: .acquiringAndReleasing)
        invariant(before == expected, "only the running thread hands its turn over")
        enqueue()
    }

    /// Has the stage's queue run it, if the turn is still to be had then, which `scheduled` marks.
    private func enqueue() {
        source?.or(data: 1)
    }
}
