import Accounting
import Quantities
import Testing

/// Goal: whoever listens is told once when something is cut off and once when it may run again.
@Suite struct CutoffTests {
    @Test func `crossing zero is told once each way`() {
        let bench = Workbench()
        #expect(bench.notices().isEmpty, "an empty wallet is cut off from the beginning")
        #expect(bench.book.cutoffs(of: 1).count == 1)
        bench.grant("2")
        #expect(bench.notices() == ["restored organisation 0"])
        bench.debit("1.999999999999")
        #expect(bench.notices().isEmpty)
        bench.debit("0.000000000001")
        #expect(bench.notices() == ["cutoff organisation 0: insufficient_credits"])
        bench.debit("1")
        bench.debit("0")
        #expect(bench.notices().isEmpty)
        bench.grant("1")
        #expect(bench.notices().isEmpty, "the grant paid the debt and left nothing")
        bench.grant("1")
        #expect(bench.notices() == ["restored organisation 0"])
        #expect(bench.book.cutoffs(of: 1).isEmpty)
    }

    @Test func `holds cut nothing off`() {
        let bench = Workbench()
        bench.grant("2")
        _ = bench.held("2")
        #expect(bench.notices() == ["restored organisation 0"])
    }

    @Test func `a used up cap is told at equality, and the day's turn restores it by itself`() {
        let bench = Workbench(at: "2026-03-01T12:00:00Z", zone: "Test/East")
        bench.grant("10")
        _ = bench.notices()
        bench.cap(.day, "3")
        bench.debit("2.999999999999")
        #expect(bench.notices().isEmpty)
        bench.debit("0.000000000001")
        #expect(bench.notices() == ["cutoff organisation 0: spend_cap_exceeded"])
        #expect(bench.book.nextDue == time("2026-03-02T00:00:00+05:45"))
        bench.tick(until: "2026-03-01T18:14:59Z")
        #expect(bench.notices().isEmpty)
        bench.tick(until: "2026-03-01T18:15:00Z")
        #expect(bench.notices() == ["restored organisation 0"])
        bench.tick(until: "2026-03-09T18:15:00Z")
        #expect(bench.notices().isEmpty)
        bench.expectReplayAgrees()
    }

    @Test func `a month's cap stays used up over days and is restored on the first`() {
        let bench = Workbench(at: "2026-03-30T12:00:00Z")
        bench.grant("10")
        bench.cap(.month, "3")
        bench.debit("3")
        _ = bench.notices()
        bench.tick(until: "2026-03-31T23:59:59Z")
        #expect(bench.notices().isEmpty)
        bench.tick(until: "2026-04-01T00:00:00Z")
        #expect(bench.notices() == ["restored organisation 0"])
    }

    @Test func `setting, raising and clearing a cap tells what follows from it`() {
        let bench = Workbench()
        bench.grant("10")
        bench.debit("3")
        _ = bench.notices()
        bench.cap(.total, "3")
        #expect(bench.notices() == ["cutoff organisation 0: spend_cap_exceeded"])
        bench.cap(.day, "2")
        #expect(bench.notices().isEmpty, "a second reason changes nothing for who listens")
        bench.cap(.total, "3.5")
        #expect(bench.notices().isEmpty)
        bench.cap(.day, nil)
        #expect(bench.notices() == ["restored organisation 0"])
    }

    @Test func `a second reason does not restore, the last one gone does`() {
        let bench = Workbench()
        bench.grant("3")
        bench.cap(.day, "3")
        _ = bench.notices()
        bench.debit("3")
        let words = "spend_cap_exceeded, insufficient_credits"
        #expect(bench.notices() == ["cutoff organisation 0: \(words)"])
        bench.grant("3")
        #expect(bench.notices().isEmpty)
        bench.tick(until: "2026-03-02T00:00:00Z")
        #expect(bench.notices() == ["restored organisation 0"])
    }

    @Test func `keys and projects are cut off by their own caps alone`() {
        let bench = Workbench()
        bench.grant("10")
        bench.project()
        bench.key(project: 1)
        bench.key()
        bench.cap(.project, 1, .day, "4")
        bench.cap(.key, 1, .day, "2")
        _ = bench.notices()
        bench.debit("2", project: 1, key: 1)
        #expect(bench.notices() == ["cutoff key 1: spend_cap_exceeded"])
        bench.debit("2", project: 1)
        #expect(bench.notices() == ["cutoff project 1: spend_cap_exceeded"])
        bench.debit("2", key: 2)
        #expect(bench.notices().isEmpty)
        #expect(bench.book.cutoffs(of: 1).map(\.scope) == [.project, .key])
        bench.tick(until: "2026-03-02T00:00:00Z")
        #expect(bench.notices() == ["restored project 1", "restored key 1"])
        bench.expectReplayAgrees()
    }

    @Test func `revocation and closing are told, with the most final reason first`() {
        let bench = Workbench()
        bench.grant("10")
        bench.key()
        bench.cap(.key, 1, .day, "0")
        _ = bench.notices()
        let revoked = bench.book.revokeKey(1, org: 1, at: bench.now, into: bench.buffer)
        #expect(revoked == .done)
        #expect(bench.notices().isEmpty, "its cap had cut it off before")
        bench.tick(until: "2026-03-03T00:00:00Z")
        bench.cap(.key, 1, .day, nil)
        #expect(bench.notices().isEmpty, "it stays revoked")
        _ = bench.book.closeOrganisation(1, reason: "", at: bench.now, into: bench.buffer)
        let words = "account_closed, insufficient_credits"
        #expect(bench.notices() == ["cutoff organisation 0: \(words)"])
        bench.expectReplayAgrees()
    }

    @Test func `an expiry and a beginning are crossings as well`() {
        let bench = Workbench()
        bench.grant("1", expires: "2026-03-01T01:00:00Z")
        bench.grant("1", effective: "2026-03-01T02:00:00Z")
        #expect(bench.notices() == ["restored organisation 0"])
        bench.tick(until: "2026-03-01T01:00:00Z")
        #expect(bench.notices() == ["cutoff organisation 0: insufficient_credits"])
        bench.tick(until: "2026-03-01T02:00:00Z")
        #expect(bench.notices() == ["restored organisation 0"])
    }
}
