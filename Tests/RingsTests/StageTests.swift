import Dispatch
import Glibc
import Synchronization
import Testing

@testable import Rings

/// Goal: a stage runs when it should, where it should, and never inside itself.
@Suite struct StageTests {
    @Test func `a kick runs the body soon`() {
        let ran = DispatchSemaphore(value: 0)
        let stage = Stage(label: "rings.test.stage") { ran.signal() }
        ran.wait()
        untilIdle(stage)
        stage.kick()
        #expect(ran.wait(timeout: .now() + 10) == .success)
    }

    @Test func `a kick before the body is there is remembered`() {
        let stage = Stage(label: "rings.test.stage")
        stage.kick()
        #expect(!stage.runInline())
        let ran = DispatchSemaphore(value: 0)
        stage.activate { ran.signal() }
        #expect(ran.wait(timeout: .now() + 10) == .success)
        untilIdle(stage)
    }

    @Test func `a stage driven by hand runs only when it is stepped`() {
        let runs = PaddedCounter()
        let stage = Stage(label: "rings.test.stage", drive: .hand) { runs.add() }
        #expect(stage.step())
        #expect(runs.value == 1)
        #expect(!stage.step())
        stage.kick()
        stage.kick()
        #expect(runs.value == 1)
        #expect(stage.step())
        #expect(runs.value == 2)
        #expect(stage.isIdle)
    }

    @Test func `an inline run of an idle stage happens before it returns`() {
        let runs = PaddedCounter()
        let stage = Stage(label: "rings.test.stage", drive: .hand) { runs.add() }
        _ = stage.step()
        #expect(stage.runInline())
        #expect(runs.value == 2)
        #expect(stage.isIdle)
    }

    @Test func `an inline run of a scheduled stage leaves the turn to its queue`() {
        let runs = PaddedCounter()
        let stage = Stage(label: "rings.test.stage", drive: .hand) { runs.add() }
        #expect(!stage.runInline())
        #expect(runs.value == 0)
        #expect(stage.step())
    }

    @Test func `a turn that waits for its queue can be taken over`() {
        let runs = PaddedCounter()
        let stage = Stage(label: "rings.test.stage", drive: .hand) { runs.add() }
        #expect(stage.runNow())
        #expect(runs.value == 1)
        #expect(stage.isIdle)
        #expect(!stage.step())
        stage.occupied { #expect(!stage.runNow()) }
        #expect(runs.value == 1)
        #expect(stage.step())
        #expect(runs.value == 2)
    }

    @Test func `a brief run leaves the kick that waits to its queue`() {
        let runs = PaddedCounter()
        let briefs = PaddedCounter()
        let stage = Stage(label: "rings.test.stage", drive: .hand)
        stage.activate(brief: { briefs.add(UInt64($0)) }, { runs.add() })
        #expect(stage.runBriefly(1))
        #expect(briefs.value == 1)
        #expect(runs.value == 0)
        #expect(stage.step())
        #expect(runs.value == 1)
        #expect(stage.runBriefly(1))
        #expect(briefs.value == 2)
        #expect(stage.isIdle)
        stage.occupied { #expect(!stage.runBriefly()) }
        #expect(briefs.value == 2)
        #expect(stage.step())
        #expect(runs.value == 2)
    }

    @Test func `a kick during a brief run is not lost`() {
        let runs = PaddedCounter()
        let stage = Stage(label: "rings.test.stage", drive: .hand)
        stage.activate(brief: { [unowned stage] _ in stage.kick() }, { runs.add() })
        _ = stage.step()
        #expect(stage.runBriefly(1))
        #expect(!stage.isIdle)
        #expect(stage.step())
        #expect(runs.value == 2)
    }

    @Test func `a body that runs itself inline runs again, not deeper`() {
        let runs = PaddedCounter()
        let depth = PaddedGauge()
        let deepest = PaddedGauge()
        let stage = Stage(label: "rings.test.stage", drive: .hand)
        stage.activate { [unowned stage] in
            depth.add(1)
            deepest.raise(to: depth.value)
            runs.add()
            if runs.value < 3 { #expect(!stage.runInline()) }
            depth.add(-1)
        }
        #expect(stage.step())
        #expect(runs.value == 3)
        #expect(deepest.value == 1)
        #expect(stage.isIdle)
    }

    @Test func `a caller is let go after the rounds it agreed to`() {
        let runs = PaddedCounter()
        let stage = Stage(label: "rings.test.stage", rounds: 3, drive: .hand)
        stage.activate { [unowned stage] in
            runs.add()
            if runs.value < 8 { stage.kick() }
        }
        #expect(stage.step())
        #expect(runs.value == 3)
        #expect(!stage.isIdle)
        #expect(stage.step())
        #expect(runs.value == 6)
        #expect(stage.step())
        #expect(runs.value == 8)
        #expect(stage.isIdle)
    }

    @Test func `a stage is activated once`() async {
        await #expect(processExitsWith: .failure) {
            Stage(label: "rings.test.stage", drive: .hand) {}.activate {}
        }
    }
}

/// Goal: under many threads the body is never run twice at once, and no kick is lost.
///
/// Method: a plain counter that only the body touches must keep up with an atomic one.
@Suite struct StageStressTests {
    // SAFETY: only the body and its brief part touch it, which is what is tested.
    private final class Tally: @unchecked Sendable {
        var inside = 0
        var overlaps = 0
        var drained = 0
    }

    @Test(arguments: [1, 4])
    func `nothing that was added before a kick is left behind`(rounds: Int) {
        let threads = 4
        let perThread = 20_000
        let added = Atomic<Int>(0)
        let seen = Atomic<Int>(0)
        let overlaps = Atomic<Int>(0)
        let tally = Tally()
        let stage = Stage(label: "rings.test.stage", rounds: rounds)
        stage.activate(
            brief: { _ in
                tally.inside += 1
                if tally.inside != 1 { tally.overlaps += 1 }
                tally.inside -= 1
            },
            {
                tally.inside += 1
                if tally.inside != 1 { overlaps.wrappingAdd(1, ordering: .relaxed) }
                tally.drained = added.load(ordering: .relaxed)
                seen.store(tally.drained, ordering: .relaxed)
                tally.inside -= 1
            }
        )
        let group = DispatchGroup()
        for thread in 0..<threads {
            DispatchQueue(label: "rings.test.kicker").async(group: group) {
                for turn in 0..<perThread {
                    added.wrappingAdd(1, ordering: .relaxed)
                    switch (turn + thread) % 5 {
                    case 0: stage.runInline()
                    case 1: stage.runNow()
                    case 2:
                        stage.kick()
                        stage.runBriefly()
                    default: stage.kick()
                    }
                }
            }
        }
        group.wait()
        untilIdle(stage)
        #expect(seen.load(ordering: .relaxed) == threads * perThread)
        #expect(overlaps.load(ordering: .relaxed) == 0)
        #expect(tally.overlaps == 0)
    }

    @Test func `a single kick into quiet is never lost`() {
        let ring = ByteRing(capacity: 1024)
        let drained = Atomic<Int>(0)
        let stage = Stage(label: "rings.test.stage") {
            let count = ring.drain { _ in true }
            drained.wrappingAdd(count, ordering: .releasing)
        }
        for number in 1...20_000 {
            while ring.claim(8) == nil { sched_yield() }
            ring.publish()
            if number % 2 == 0 { stage.runInline() } else { stage.kick() }
            if number % 3 == 0 {
                while drained.load(ordering: .acquiring) != number { sched_yield() }
            }
        }
        untilIdle(stage)
        #expect(drained.load(ordering: .acquiring) == 20_000)
    }
}

/// Waits until a stage is idle; ends because nobody kicks it any more.
private func untilIdle(_ stage: Stage) {
    while !stage.isIdle { sched_yield() }
}
