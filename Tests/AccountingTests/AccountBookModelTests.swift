import Accounting
import Foundation
import LedgerModel
import Quantities
import Testing

/// Goal: the book and a naive second keeper agree on everything, whatever happens in which order,
/// and the records alone rebuild the same state.
///
/// Method: random commands over months of simulated time; a failure names its seed and step.
/// `METERD_DUEL_SEED=7` runs one seed again, and `METERD_DUEL_SEEDS=1000` many.
@Suite struct AccountBookModelTests {
    static let seeds: [UInt64] = {
        let variables = ProcessInfo.processInfo.environment
        if let one = variables["METERD_DUEL_SEED"].flatMap({ UInt64($0) }) { return [one] }
        let count = variables["METERD_DUEL_SEEDS"].flatMap { UInt64($0) } ?? 20
        return Array(1...max(count, 1))
    }()

    @Test(arguments: seeds)
    func `book and naive ledger agree after every step, and the records rebuild it`(seed: UInt64) {
        let duel = Duel(seed: seed)
        let kinds = [
            "debit", "granted", "final", "overCap", "overBalance", "debt", "manyDraws", "refunded",
            "lowBalance", "bought", "toppedUp", "failed", "again", "started", "startRefused",
            "machineCharged", "stopped", "resumed", "dearMachine", "orderDone", "tooMany",
        ]
        duel.run(steps: 2600)
        // Until all that matters was met: what is rare may take a while.
        for _ in 0..<8 where kinds.contains(where: { duel.tally[$0] == nil }) {
            duel.run(steps: 500)
        }
        #expect(duel.difference == nil)
        guard duel.difference == nil else { return }
        for kind in kinds {
            #expect(duel.tally[kind, default: 0] > 0, "the run is worth its name: \(duel.tally)")
        }

        let records = duel.buffer.bytes
        let replayed = replay(records, into: duel.freshBook())
        #expect(replayed.digest == duel.book.digest, "seed \(seed)")
        #expect(replayed.all == duel.book.all, "seed \(seed)")
        // What was asked and refused moves time and leaves no record.
        #expect(replayed.now <= duel.book.now, "seed \(seed)")
        #expect(replayed.openHolds == duel.book.openHolds, "seed \(seed)")

        expectFollowed(duel)
        for _ in 0..<4 { expectSnapshot(of: duel, cutAt: duel.randomCut()) }
        expectSnapshot(of: duel, cutAt: records.count)
    }

    /// The model that moves by records alone foretells each of them, and ends where the book is.
    private func expectFollowed(_ duel: Duel) {
        let empty = AccountModel(card: nil, checksPrices: false) { zone in
            FixedOffsetCalendar.zones.first { $0.name == zone }?.minutes ?? 0
        }
        let journal = JournalModel(empty)
        let records = duel.buffer.bytes
        let half = duel.randomCut()
        let before = UnsafeRawBufferPointer(rebasing: records[0..<half])
        let after = UnsafeRawBufferPointer(rebasing: records[half...])
        journal.append(before, from: 0, to: UInt64(half))
        journal.append(after, from: UInt64(half), to: UInt64(records.count))
        #expect(journal.violation == nil, "seed \(duel.seed)")
        #expect(journal.difference(duel.book) == nil, "seed \(duel.seed)")
        journal.moveStored(to: UInt64(half))
        journal.restart(at: UInt64(half))
        #expect(journal.difference(replay(before)) == nil, "seed \(duel.seed)")
        journal.append(after, from: UInt64(half), to: UInt64(records.count))
        #expect(journal.violation == nil, "seed \(duel.seed)")
        #expect(journal.difference(duel.book) == nil, "seed \(duel.seed)")
    }

    /// Loads what a store would hold at the cut, and replays the rest.
    private func expectSnapshot(of duel: Duel, cutAt cut: Int) {
        let records = duel.buffer.bytes
        let before = UnsafeRawBufferPointer(rebasing: records[0..<cut])
        let after = UnsafeRawBufferPointer(rebasing: records[cut...])
        var fold = RecordFold()
        fold.take(before)
        let loaded = AccountBook(partition: 1, calendar: FixedOffsetCalendar())
        for snapshot in fold.snapshots { loaded.load(snapshot) }
        let half = replay(before)
        #expect(loaded.digest == half.digest, "seed \(duel.seed), loaded at \(cut)")
        #expect(loaded.takeNotices().isEmpty, "loading tells nothing")
        let whole = replay(after, into: loaded)
        #expect(whole.digest == duel.book.digest, "seed \(duel.seed), loaded at \(cut) and on")
    }

    @Test func `the calendar of the model counts as the tests' own calendar does`() {
        for number in Int32(20_454)..<23_000 {
            let day = CivilDay(number: number)
            let month = NaiveCalendar.month(of: Int64(number))
            #expect(month.first == Int64(day.monthStart.number))
            #expect(month.next == Int64(day.nextMonthStart.number))
            #expect(NaiveCalendar.monday(of: Int64(number)) == Int64(day.weekStart.number))
        }
    }
}

extension Duel {
    /// The end of some record.
    fileprivate func randomCut() -> Int {
        var ends: [Int] = []
        var walker = RecordWalker(buffer.bytes)
        while walker.next() != nil { ends.append(walker.position) }
        return random.pick(ends)
    }
}
