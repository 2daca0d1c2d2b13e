import Accounting
import Quantities
import Testing

/// Goal: debt, keys and the end of an account behave as promised.
@Suite struct WalletLifeTests {
    @Test func `debt is paid by the next grant, before anything else`() {
        let bench = Workbench()
        #expect(bench.debit("5") == "0:5")
        #expect(bench.balance == "-5")
        #expect(bench.wallet.debt == credits("5"))
        bench.grant("3")
        #expect(bench.balance == "-2")
        #expect(bench.wallet.grants.isEmpty, "all of it went into the debt")
        bench.grant("3")
        #expect(bench.balance == "1")
        #expect(bench.wallet.debt == .zero)
        #expect(bench.wallet.grants.map(\.remaining) == [credits("1")])
        #expect(bench.wallet.lines == 3)
        bench.expectReplayAgrees()
    }

    @Test func `overshoot counts by how much usage went below zero, each part once`() {
        let bench = Workbench()
        bench.grant("5")
        bench.debit("4")
        #expect(bench.book.overshoot == .zero)
        bench.debit("3")
        #expect(bench.book.overshoot == credits("2"))
        bench.debit("1")
        #expect(bench.book.overshoot == credits("3"))
        bench.grant("10")
        bench.debit("6")
        #expect(bench.book.overshoot == credits("3"))
    }

    @Test func `an old secret is refused from its rotation on, a revoked key for ever`() {
        let bench = Workbench()
        bench.grant("10")
        bench.key()
        bench.key()
        #expect(bench.hold("1", key: 1, generation: 1).word == "granted 1")
        let hash = SecretHash(low: 3, high: 4)
        func rotate(_ key: UInt32) -> CommandOutcome {
            let book = bench.book
            let now = bench.now
            return book.rotateKey(key, prefix: "", hash: hash, org: 1, at: now, into: bench.buffer)
        }
        #expect(rotate(1) == .done)
        #expect(bench.hold("1", key: 1, generation: 1).word == "invalidKey")
        #expect(bench.hold("1", key: 1, generation: 2).word == "granted 1")
        #expect(
            bench.hold("1", key: 2, generation: 1).word == "granted 1",
            "the other is untouched"
        )
        #expect(bench.hold("1", key: 3, generation: 1).word == "invalidKey")
        #expect(rotate(3) == .unknown)
        #expect(bench.book.revokeKey(1, org: 1, at: bench.now, into: bench.buffer) == .done)
        #expect(bench.book.revokeKey(1, org: 1, at: bench.now, into: bench.buffer) == .done)
        #expect(bench.book.revokeKey(9, org: 1, at: bench.now, into: bench.buffer) == .unknown)
        #expect(bench.hold("1", key: 1, generation: 2).word == "invalidKey")
        let refused = CommandOutcome.invalid(
            field: "key",
            message: "It was revoked. Create a new key."
        )
        #expect(rotate(1) == refused)
        #expect(bench.debit("1", key: 1) == "1:1", "what happened under it is booked")
        bench.expectReplayAgrees()
    }

    @Test func `closing forfeits what is left, releases the holds and refuses all that follows`() {
        let bench = Workbench()
        bench.grant("10")
        bench.grant("5", priority: 1, expires: "2026-03-01T00:00:10Z")
        bench.grant("7", effective: "2026-04-01T00:00:00Z")
        bench.key()
        let hold = bench.held("6")
        bench.tick(until: "2026-03-01T00:00:10Z")
        let close = bench.book.closeOrganisation(1, reason: "x", at: bench.now, into: bench.buffer)
        #expect(close == .done)
        #expect(bench.balance == "0")
        #expect(bench.wallet.closed)
        #expect(bench.book.openHolds == 0)
        #expect(bench.wallet.held == .zero)
        #expect(bench.wallet.lines == 4, "two grants, an expiry, a forfeiture")
        let lines = bench.wallet.lines
        #expect(bench.debit("1", hold: hold) == "accountClosed")
        #expect(bench.hold("0").word == "accountClosed")
        #expect(bench.grant("1") == .accountClosed)
        #expect(bench.cap(.day, "1") == .accountClosed)
        #expect(
            bench.book.createProject("", org: 1, at: bench.now, into: bench.buffer)
                == .accountClosed
        )
        let key = KeyCreated(
            key: 0,
            project: 0,
            name: "",
            prefix: "",
            hash: SampleRecords.hash
        )
        #expect(
            bench.book.createKey(key, org: 1, at: bench.now, into: bench.buffer) == .accountClosed
        )
        let again = bench.book.closeOrganisation(1, reason: "", at: bench.now, into: bench.buffer)
        #expect(again == .done)
        bench.tick(until: "2026-06-01T00:00:00Z")
        #expect(bench.wallet.lines == lines)
        #expect(bench.balance == "0")
        bench.expectReplayAgrees()
    }

    @Test func `closing an account in debt forfeits nothing and keeps the debt`() {
        let bench = Workbench()
        bench.debit("2")
        _ = bench.book.closeOrganisation(1, reason: "", at: bench.now, into: bench.buffer)
        #expect(bench.balance == "-2")
        #expect(bench.wallet.lines == 1)
        bench.expectReplayAgrees()
    }

    @Test func `what does not exist is unknown, and creating twice changes nothing`() {
        let bench = Workbench()
        let book = bench.book
        let before = bench.buffer.count
        let again = book.createOrganisation(
            1,
            name: "",
            zone: "UTC",
            at: bench.now,
            into: bench.buffer
        )
        #expect(again == .done)
        #expect(bench.buffer.count == before)
        let nowhere = book.createOrganisation(
            17,
            name: "",
            zone: "Mars/Base",
            at: bench.now,
            into: bench.buffer
        )
        let message = "\"Mars/Base\" is no IANA time zone."
        #expect(nowhere == .invalid(field: "zone", message: message))
        bench.org = 17
        #expect(bench.grant("1") == .unknown)
        #expect(bench.debit("1") == "unknownOrganisation")
        #expect(book.organisation(17) == nil)
        #expect(book.organisation(2) == nil, "another partition's")
        #expect(
            book.closeOrganisation(17, reason: "", at: bench.now, into: bench.buffer) == .unknown
        )
        #expect(book.createProject("", org: 17, at: bench.now, into: bench.buffer) == .unknown)
        #expect(bench.buffer.count == before, "nothing was written")
    }

    @Test(
        arguments: [
            ("0", nil, "2026-04-01T00:00:00Z", "amount"),
            ("-1", nil, nil, "amount"),
            ("1", nil, "2026-03-01T00:00:00Z", "expires_at"),
            ("1", "2026-03-05T00:00:00Z", "2026-03-05T00:00:00Z", "expires_at"),
            ("1", nil, "2026-02-01T00:00:00Z", "expires_at"),
        ] as [(String, String?, String?, String)]
    )
    func `a grant that cannot be is refused by field`(
        amount: String,
        effective: String?,
        expires: String?,
        field: String
    ) {
        let bench = Workbench()
        let outcome = bench.grant(amount, effective: effective, expires: expires)
        guard case .invalid(field, _) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(bench.wallet.lastGrant == 0)
    }
}
