import Accounting
import Quantities
import Testing

/// Goal: what time takes, it takes once, at its moment, and never from under an open hold.
@Suite struct ExpiryTests {
    @Test func `what is left of a grant lapses at its moment and not before`() {
        let bench = Workbench()
        bench.grant("5", expires: "2026-03-02T00:00:00Z")
        bench.debit("2")
        bench.tick(until: "2026-03-01T23:59:59.999999Z")
        #expect(bench.balance == "3")
        bench.tick(until: "2026-03-02T00:00:00Z")
        #expect(bench.balance == "0")
        #expect(bench.wallet.lines == 3)
        #expect(bench.wallet.grants.isEmpty)
        bench.tick(until: "2026-04-02T00:00:00Z")
        #expect(bench.wallet.lines == 3)
        bench.expectReplayAgrees()
    }

    @Test func `nobody has to tick: whoever asks finds the grant lapsed`() {
        let bench = Workbench()
        bench.grant("5", expires: "2026-03-02T00:00:00Z")
        bench.wait(until: "2026-03-02T00:00:00Z")
        #expect(bench.hold("1").word == "insufficientCredits organisation 0")
        #expect(bench.debit("1") == "0:1")
        #expect(bench.balance == "-1")
    }

    @Test func `what a hold keeps outlives the expiry, and lapses when the hold goes`() {
        let bench = Workbench()
        bench.grant("5", expires: "2026-03-01T01:00:00Z")
        bench.wait(until: "2026-03-01T00:59:59Z")
        let hold = bench.held("2")
        bench.tick(until: "2026-03-01T01:00:00Z")
        #expect(bench.balance == "2", "three lapsed, two are kept")
        #expect(bench.hold("1").word == "insufficientCredits organisation 0")
        #expect(bench.debit("1", hold: hold) == "1:1")
        #expect(bench.balance == "0")
        #expect(bench.wallet.lines == 4, "grant, expiry, charge, expiry")
        bench.expectReplayAgrees()
    }

    @Test func `what one of two holds lets go of lapses at once, not when the last goes`() {
        let bench = Workbench()
        bench.grant("10", expires: "2026-03-01T00:00:10Z")
        let first = bench.held("6")
        let second = bench.held("4")
        bench.tick(until: "2026-03-01T00:00:10Z")
        #expect(bench.balance == "10")
        #expect(bench.wallet.lines == 1)
        #expect(bench.release(first))
        #expect(bench.balance == "4")
        #expect(bench.hold("6").word == "insufficientCredits organisation 0")
        #expect(bench.debit("5", hold: second) == "1:4 0:1")
        #expect(bench.balance == "-1")
        bench.expectReplayAgrees()
    }

    @Test func `usage without a hold takes nothing of an expired grant`() {
        let bench = Workbench()
        bench.grant("5", expires: "2026-03-01T00:00:10Z")
        let hold = bench.held("5")
        bench.tick(until: "2026-03-01T00:00:10Z")
        #expect(bench.debit("1") == "0:1")
        #expect(bench.balance == "4")
        #expect(bench.wallet.debt == credits("1"))
        #expect(bench.release(hold))
        #expect(bench.balance == "-1")
        bench.expectReplayAgrees()
    }

    @Test func `a hold lapses at its moment, and what it kept is free`() {
        let bench = Workbench()
        bench.grant("5")
        let hold = bench.held("5", ttl: 30 * second)
        bench.tick(until: "2026-03-01T00:00:29.999999Z")
        #expect(bench.hold("1").word == "insufficientCredits organisation 0")
        #expect(bench.extend(hold, to: "5", ttl: 60 * second).word == "granted 5")
        bench.tick(until: "2026-03-01T00:01:29Z")
        #expect(bench.book.openHolds == 1, "it was extended")
        bench.tick(until: "2026-03-01T00:01:29.999999Z")
        #expect(bench.book.openHolds == 0)
        #expect(bench.hold("5").word == "granted 5")
        #expect(bench.extend(hold, to: "5").word == "unknownHold")
        #expect(!bench.release(hold))
        bench.expectReplayAgrees()
    }

    @Test func `an extension never shortens a hold`() {
        let bench = Workbench()
        bench.grant("5")
        let hold = bench.held("1", ttl: hour)
        _ = bench.extend(hold, to: "2", ttl: second)
        #expect(bench.book.hold(bench.name(hold))?.expiresAt == time("2026-03-01T01:00:00Z"))
    }

    @Test func `a hold past its time is not extended, and settles if it was not swept yet`() {
        let bench = Workbench()
        bench.grant("5", priority: 2)
        let hold = bench.held("2", ttl: second)
        bench.grant("5", priority: 1)
        bench.wait(second)
        #expect(bench.extend(hold, to: "3").word == "unknownHold")
        #expect(bench.debit("1", hold: hold) == "1:1")
    }

    @Test func `a tick in small turns does the same as one in a large turn`() {
        var digests: [String] = []
        for limit in [1, 2, 3, 1000] {
            let book = AccountBook(partition: 0, calendar: FixedOffsetCalendar())
            let buffer = RecordBuffer()
            var now = time("2026-03-01T00:00:00Z")
            for org in stride(from: UInt32(16), through: 160, by: 16) {
                _ = book.createOrganisation(org, name: "", zone: "UTC", at: now, into: buffer)
                var grant = SampleRecords.grant
                grant.identity = UInt128(org)
                grant.effectiveAt = now
                grant.expiresAt = now.advanced(byMicroseconds: Int64(org) * second)
                _ = book.grant(grant, org: org, at: now, into: buffer)
                for ttl in [5, 50] {
                    let request = HoldRequest(
                        org: org,
                        amount: credits("1"),
                        ttlMicroseconds: Int64(ttl) * second
                    )
                    _ = book.authorize(request, at: now, into: buffer)
                }
            }
            now = now.advanced(byMicroseconds: 100 * second)
            while book.tick(at: now, into: buffer, limit: limit) {}
            #expect(book.nextDue > now)
            digests.append(book.digest.description)
        }
        #expect(Set(digests).count == 1)
    }

    @Test func `a grant that began and lapsed unseen is booked as both`() {
        let bench = Workbench()
        let effective = "2026-03-02T00:00:00Z"
        bench.grant("5", effective: effective, expires: "2026-03-03T00:00:00Z")
        bench.debit("2")
        bench.tick(until: "2026-03-10T00:00:00Z")
        #expect(bench.balance == "0", "two paid the debt, three lapsed")
        #expect(bench.wallet.debt == .zero)
        #expect(bench.wallet.lines == 3)
        bench.expectReplayAgrees()
    }

    @Test func `bringing one organisation up does what is due in it, for who only looks`() {
        let bench = Workbench()
        bench.grant("5", expires: "2026-03-02T00:00:00Z")
        bench.debit("1")
        bench.wait(until: "2026-03-02T00:00:00Z")
        bench.book.bringUp(1, to: bench.now, into: bench.buffer)
        bench.book.bringUp(17, to: bench.now, into: bench.buffer)
        #expect(bench.balance == "0")
        #expect(bench.wallet.today.day == bench.now.utcDay)
        #expect(bench.wallet.counted(for: .organisation, id: 0).spend.total == credits("1"))
        #expect(bench.wallet.counted(for: .organisation, id: 0).spend.day == .zero)
        #expect(bench.book.highest == 1)
        bench.expectReplayAgrees()
    }

    @Test func `time does not go back with the clock`() {
        let bench = Workbench(at: "2026-03-02T00:00:00Z")
        bench.grant("5", expires: "2026-03-02T00:00:10Z")
        bench.tick(until: "2026-03-02T00:00:11Z")
        bench.wait(until: "2026-03-01T00:00:00Z")
        bench.grant("5")
        let hold = bench.held("1", ttl: second)
        let expiresAt = bench.book.hold(bench.name(hold))?.expiresAt
        #expect(expiresAt == time("2026-03-02T00:00:12Z"))
        #expect(bench.book.now == time("2026-03-02T00:00:11Z"))
    }
}
