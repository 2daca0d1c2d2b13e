import Accounting
import Quantities
import Testing

/// Goal: each payment is credited once, and each purchase has one receipt.
@Suite struct PurchaseTests {
    @Test func `a purchase is open until it is paid, and paid once`() {
        let bench = Workbench()
        #expect(bench.ask("25", price: "25") == .asked(1))
        #expect(bench.balance == "0")
        #expect(bench.confirm(1, "pi_1") == .confirmed(receipt: 1))
        #expect(bench.balance == "25")
        #expect(bench.confirm(1, "pi_1") == .repeated)
        #expect(bench.confirm(1, "pi_2") == .settled)
        #expect(bench.balance == "25")
        #expect(bench.wallet.grants[0].grantClass == .purchased)

        #expect(bench.ask("10", price: "10") == .asked(2))
        #expect(bench.confirm(2, "pi_1") == .conflict)
        #expect(bench.confirm(2, "pi_3") == .confirmed(receipt: 2))
        #expect(bench.confirm(9, "pi_4") == .unknownPurchase)
        #expect(bench.confirm(0, "pi_4") == .unknownPurchase)
        bench.expectReplayAgrees()
        #expect(bench.replayed().purchase(paidBy: "pi_3", of: 1) == 2)
    }

    @Test func `receipts have no gaps, whatever fails between`() {
        let bench = Workbench()
        for number in UInt32(1)...6 { #expect(bench.ask("1", price: "1") == .asked(number)) }
        #expect(bench.confirm(4, "a") == .confirmed(receipt: 1))
        #expect(bench.fail(1) == .failed)
        #expect(bench.fail(1) == .settled)
        #expect(bench.confirm(6, "b") == .confirmed(receipt: 2))
        #expect(bench.confirm(1, "c") == .settled)
        #expect(bench.confirm(2, "d") == .confirmed(receipt: 3))
        #expect(bench.open == ["3: 1 for 1 USD", "5: 1 for 1 USD"])
        bench.expectReplayAgrees()
    }

    @Test func `a payment that names itself when it asks is found again under its own name`() {
        let bench = Workbench()
        let identity = AccountBook.identity(ofPayment: "pi_9", org: 1)
        #expect(bench.ask("5", price: "5", identity: identity, content: 7) == .asked(1))
        // A crash before the second record: the same call goes on where the first one was.
        #expect(bench.ask("5", price: "5", identity: identity, content: 7) == .repeated)
        #expect(bench.confirm(1, "pi_9") == .confirmed(receipt: 1))
        #expect(bench.ask("5", price: "5", identity: identity, content: 7) == .repeated)
        #expect(bench.ask("6", price: "6", identity: identity, content: 8) == .conflict)
        #expect(bench.balance == "5")
    }

    @Test func `credits that were bought pay debt first and may lapse`() {
        let bench = Workbench()
        bench.debit("3")
        bench.ask("10", price: "10")
        bench.confirm(1, "p", expires: "2027-03-01T00:00:00Z")
        #expect(bench.balance == "7")
        bench.tick(until: "2027-03-01T00:00:00Z")
        #expect(bench.balance == "0")
        #expect(bench.confirm(1, "p") == .repeated)
        bench.expectReplayAgrees()
    }

    @Test func `what cannot be bought is refused by field and value`() {
        let bench = Workbench()
        #expect(bench.ask("0", price: "1").field == "credits")
        #expect(bench.ask("1", price: "-1").field == "price")
        bench.ask("1", price: "1")
        #expect(bench.confirm(1, "p", expires: "2026-03-01T00:00:00Z").field == "expires_at")
        for _ in 0..<99 { bench.ask("1", price: "1") }
        #expect(bench.ask("1", price: "1").field == "organisation")
        bench.org = 17
        #expect(bench.ask("1", price: "1") == .unknown)
    }
}

/// What became of a purchase, short enough for a test's table.
enum PurchaseWord: Equatable {
    case asked(UInt32)
    case confirmed(receipt: UInt32)
    case failed
    case repeated
    case settled
    case conflict
    case unknown
    case unknownPurchase
    case closed
    case invalid(String)

    init(_ outcome: PurchaseOutcome) {
        switch outcome {
        case .asked(let purchase): self = .asked(purchase.number)
        case .confirmed(let purchase): self = .confirmed(receipt: purchase.receipt)
        case .failed: self = .failed
        case .repeated: self = .repeated
        case .settled: self = .settled
        case .conflict: self = .conflict
        case .unknown: self = .unknown
        case .unknownPurchase: self = .unknownPurchase
        case .accountClosed, .refused: self = .closed
        case .invalid(let field, _): self = .invalid(field)
        }
    }

    var field: String? {
        if case .invalid(let field) = self { return field }
        return nil
    }
}

extension CommandOutcome {
    var field: String? {
        if case .invalid(let field, _) = self { return field }
        return nil
    }
}

extension TopUpTrouble {
    var isFailure: Bool {
        if case .failed = self { return true }
        return false
    }

    var isOver: Bool {
        if case .over = self { return true }
        return false
    }
}

extension Workbench {
    static let backOff = TopUpBackOff(firstMicroseconds: minute, mostMicroseconds: day)

    /// The open purchases: "1: 50 for 50 USD".
    var open: [String] {
        (book.purchasing(of: org)?.open ?? []).map { purchase in
            "\(purchase.number): \(purchase.asked.credits) for \(purchase.asked.price) "
                + purchase.asked.currency
        }
    }

    @discardableResult
    func topUp(
        below threshold: String,
        credits amount: String,
        price: String,
        limit: String? = nil,
        on: Bool = true
    ) -> CommandOutcome {
        let setting = TopUpSet(
            on: on,
            threshold: credits(threshold),
            credits: credits(amount),
            price: credits(price),
            currency: "USD",
            pack: "",
            connector: "manual",
            monthlyLimit: limit.map(credits)
        )
        return book.setTopUp(setting, org: org, at: now, into: buffer)
    }

    @discardableResult
    func ask(
        _ amount: String,
        price: String,
        identity: UInt128 = 0,
        content: UInt64 = 0
    ) -> PurchaseWord {
        let draft = PurchaseDraft(
            pack: "",
            credits: credits(amount),
            price: credits(price),
            currency: "USD",
            connector: "manual",
            identity: identity,
            content: content
        )
        return PurchaseWord(book.askPurchase(draft, org: org, at: now, into: buffer))
    }

    @discardableResult
    func confirm(_ purchase: UInt32, _ payment: String, expires: String? = nil) -> PurchaseWord {
        let confirmation = PurchasePayment(
            purchase: purchase,
            payment: payment,
            expiresAt: expires.map(time) ?? .never,
            priority: 20
        )
        return PurchaseWord(
            book.confirmPurchase(confirmation, org: org, at: now, into: buffer)
        )
    }

    @discardableResult
    func fail(_ purchase: UInt32) -> PurchaseWord {
        PurchaseWord(
            book.failPurchase(
                purchase,
                reason: "declined",
                backOff: Workbench.backOff,
                org: org,
                at: now,
                into: buffer
            )
        )
    }
}
