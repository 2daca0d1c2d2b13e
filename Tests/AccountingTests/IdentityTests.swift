import Accounting
import Quantities
import Testing

/// Goal: a repeat changes nothing, and the same id with other content is a conflict, in the windows
/// that are promised.
@Suite struct IdentityTests {
    @Test func `usage that is sent again is booked once`() {
        let bench = Workbench()
        bench.grant("10")
        #expect(bench.debit("1", identity: 7, content: 1) == "1:1")
        let count = bench.buffer.count
        #expect(bench.debit("1", identity: 7, content: 1) == "repeated")
        #expect(bench.debit("2", identity: 7, content: 2) == "conflict")
        #expect(bench.buffer.count == count)
        #expect(bench.balance == "9")
        #expect(bench.wallet.lines == 2)
        #expect(bench.debit("1", identity: 8, content: 1) == "1:1")
        #expect(bench.debit("1") == "1:1")
        #expect(bench.debit("1") == "1:1", "without an identity nothing is compared")
    }

    @Test func `a grant that is asked for again is made once and tells its number`() {
        let bench = Workbench()
        #expect(bench.grant("10", identity: 7, content: 1) == .granted(1))
        #expect(bench.grant("10", identity: 8, content: 1) == .granted(2))
        let count = bench.buffer.count
        #expect(bench.grant("10", identity: 7, content: 1) == .repeated(1))
        #expect(bench.grant("11", identity: 7, content: 2) == .conflict)
        #expect(bench.buffer.count == count)
        #expect(bench.balance == "20")
    }

    @Test func `repeats are known after replay, and after loading`() {
        let bench = Workbench()
        bench.grant("10", identity: 7, content: 1)
        bench.debit("1", identity: 9, content: 1)
        let loaded = AccountBook(partition: 1, calendar: FixedOffsetCalendar())
        var fold = RecordFold()
        fold.take(bench.buffer.bytes)
        for snapshot in fold.snapshots { loaded.load(snapshot) }
        loaded.loadGrantIdentity(7, content: 1, grant: 1, at: bench.now)
        loaded.loadUsageIdentity(9, content: 1, at: bench.now)
        for book in [bench.replayed(), loaded] {
            var grant = SampleRecords.grant
            grant.identity = 7
            grant.content = 1
            let repeated = book.grant(grant, org: 1, at: bench.now, into: bench.buffer)
            #expect(repeated == .repeated(1))
            var usage = UsageChange()
            usage.org = 1
            usage.identity = 9
            usage.content = 2
            let nothing = UnsafeRawBufferPointer(start: nil, count: 0)
            let outcome = book.debit(
                &usage,
                id: nothing,
                session: nothing,
                at: bench.now,
                into: bench.buffer
            )
            #expect(outcome == .conflict)
        }
    }

    @Test func `a closed account still recognises what it booked`() {
        let bench = Workbench()
        bench.grant("10", identity: 7)
        bench.debit("1", identity: 9, content: 1)
        _ = bench.book.closeOrganisation(1, reason: "", at: bench.now, into: bench.buffer)
        #expect(bench.debit("1", identity: 9, content: 1) == "repeated")
        #expect(bench.grant("10", identity: 7) == .repeated(1))
    }

    @Test func `usage is known for at least a day, grants for at least 35 days`() {
        let bench = Workbench()
        bench.grant("10", identity: 7)
        bench.debit("1", identity: 9, content: 1)
        bench.wait(day)
        bench.debit("1", identity: 10, content: 1)
        #expect(bench.debit("1", identity: 9, content: 1) == "repeated")
        bench.wait(1)
        bench.debit("1", identity: 11, content: 1)
        #expect(bench.debit("1", identity: 9, content: 1) == "1:1", "its day is over")
        bench.wait(34 * day - 1)
        bench.grant("10", identity: 8)
        #expect(bench.grant("10", identity: 7) == .repeated(1))
        bench.wait(1)
        bench.grant("10", identity: 12)
        #expect(bench.grant("10", identity: 7) == .granted(4), "its 35 days are over")
    }

    @Test(arguments: UInt64(1)...4)
    func `the newest identities are always known, whatever their number`(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let capacity = 50
        let age: Int64 = 1000
        var window = IdentityWindow(capacity: capacity, ageMicroseconds: age)
        var inserted: [(identity: UInt128, content: UInt64, at: Int64)] = []
        var now: Int64 = 0
        for step in 0..<5000 {
            now += Int64(random.below(40))
            let identity = UInt128(step)
            let content = random.next()
            #expect(window.find(identity, content: content) == .new)
            let at = Timestamp(microseconds: now)
            window.insert(identity, content: content, result: UInt32(step), at: at)
            inserted.append((identity, content, now))
            #expect(window.count <= capacity, "seed \(seed)")
            let known = inserted.suffix(capacity).filter { $0.at >= now - age }
            let probe = random.pick(Array(known))
            let found = window.find(probe.identity, content: probe.content)
            #expect(found == .repeated(result: UInt32(probe.identity)), "seed \(seed)")
            let other = window.find(probe.identity, content: probe.content &+ 1)
            #expect(other == .conflict, "seed \(seed)")
        }
    }

    @Test func `the number of identities is bounded and the oldest go first`() {
        let bench = Workbench(windowEntries: 3)
        bench.grant("10")
        for identity in 1...4 { bench.debit("1", identity: UInt128(identity), content: 1) }
        #expect(bench.debit("1", identity: 1, content: 1) == "1:1", "it was the fifth newest")
        #expect(bench.debit("1", identity: 4, content: 1) == "repeated")
    }
}
