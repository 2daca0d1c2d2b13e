import Accounting
import Engine
import Quantities

/// Purchases and top-ups, with payments that come again, late, in another order, or for another
/// purchase.
extension Administrator {
    static func buy(
        _ call: AdministrativeCall,
        _ engine: Engine
    ) async throws(AdministrationError) -> AdministrativeAnswer {
        switch call {
        case .purchase(let organisation, let request):
            return .purchased(
                try await engine.purchase(organisation: organisation, request: request)
            )
        case .confirm(let organisation, let purchase, let payment):
            let receipt = try await engine.confirmPurchase(
                organisation: organisation,
                purchase: purchase,
                payment: payment
            )
            return .purchased(receipt)
        case .fail(let organisation, let purchase):
            let receipt = try await engine.failPurchase(
                organisation: organisation,
                purchase: purchase,
                reason: "simulated"
            )
            return .purchased(receipt)
        case .topUp(let organisation, let request):
            _ = try await engine.setTopUp(organisation: organisation, request: request)
            return .done
        default: return .done
        }
    }

    func takeBuying(
        _ answer: AdministrativeAnswer,
        _ call: AdministrativeCall
    ) throws(Violation) {
        guard let org = world.engine?.number(ofOrganisation: call.organisation) else {
            throw Violation("organisation-lost", call.organisation)
        }
        switch (call, answer) {
        case (_, .failed(.accountClosed)) where world.isClosing(call.organisation): break
        case (.purchase(_, let request), .purchased(let receipt)):
            let number = receipt.purchase.purchase.number
            let key = Evidence.PurchaseKey(org: org, purchase: number)
            try expectDurable(world.evidence.purchases[key], "purchase \(key)")
            if let payment = request.payment { try expectPaid(org, payment, number) }
            world.statistics.purchases += 1
        case (.confirm(_, let number, let payment), .purchased(let receipt)):
            world.statistics.payments += 1
            if receipt.purchase.purchase.asked.automatic { world.statistics.topUpsPaid += 1 }
            try expectPaid(org, payment, number)
        case (.fail, .purchased), (.topUp, .done): break
        // Numbers are guessed, payments come for what is settled, or again for something else.
        case (.confirm, .failed(.purchaseSettled)), (.fail, .failed(.purchaseSettled)),
            (.confirm, .failed(.notFound)), (.fail, .failed(.notFound)),
            (.confirm, .failed(.paymentUsed)), (.purchase, .failed(.paymentUsed)),
            (.purchase, .failed(.purchaseSettled)):
            break
        // The plan may not allow it.
        case (.purchase, .failed(.planRequired)): break
        case (.topUp, .failed(.invalid(field: "organisation", _))): break
        // So many may be open at most; a closed account lost its purchases.
        case (.purchase, .failed(.invalid(field: "organisation", _))): break
        default: throw Violation("administration", "\(call) answered \(answer)")
        }
    }

    private func expectPaid(_ org: UInt32, _ payment: String, _ number: UInt32) throws(Violation) {
        let key = Evidence.PaymentKey(org: org, payment: payment)
        let found = world.evidence.payments[key]
        try expectDurable(found?.position, "payment \(key)")
        guard found?.purchase == number else {
            throw Violation("paid-otherwise", "\(key) for \(number)")
        }
    }

    /// Thinks of something to buy, to pay, or to set.
    func buying(_ account: Account) -> AdministrativeCall {
        if !buyingCalls.isEmpty, world.roll(4) == 0 {
            return buyingCalls[world.roll(buyingCalls.count)]
        }
        let call = newBuying(account)
        buyingCalls.append(call)
        if buyingCalls.count > 12 { buyingCalls.removeFirst() }
        return call
    }

    private func newBuying(_ account: Account) -> AdministrativeCall {
        let amount = Amount(units: Int128(1 + world.roll(100)) * 1_000_000_000)
        switch world.roll(10) {
        case 0, 1:
            var request = PurchaseRequest(idempotencyKey: "\(name)-buy-\(calls)")
            if world.roll(2) == 0 { request.pack = "small" } else { request.credits = amount }
            return .purchase(organisation: account.name, request: request)
        case 2:
            let payment = "\(name)-paid-\(calls - world.roll(2))"
            return .purchase(
                organisation: account.name,
                request: PurchaseRequest(pack: "small", payment: payment)
            )
        case 3, 4, 5:
            // Mostly one that is open; sometimes one that nobody has asked for.
            let payment = "\(name)-paid-\(calls - (world.roll(8) == 0 ? 1 : 0))"
            let wanted = anyPurchase(account)
            return .confirm(
                organisation: wanted.organisation,
                purchase: wanted.number,
                payment: payment
            )
        case 6:
            let wanted = anyPurchase(account)
            return .fail(organisation: wanted.organisation, purchase: wanted.number)
        default:
            var request = TopUpRequest(on: world.roll(5) > 0)
            // Most wallets have less, and so something is asked for at once.
            request.threshold = Amount(units: amount.units * 20)
            if world.roll(2) == 0 { request.pack = "small" } else { request.credits = amount }
            if world.roll(3) == 0 {
                request.monthlyLimit =
                    world.roll(2) == 0 ? TopUpRequest.Limit.none : .amount(Amount(credits: 2))
            }
            return .topUp(organisation: account.name, request: request)
        }
    }

    /// A purchase that nobody is known to have paid, of any account; or a guess.
    private func anyPurchase(_ account: Account) -> (organisation: String, number: UInt32) {
        guard world.roll(8) > 0, let engine = world.engine else { return (account.name, guess()) }
        let paid = Set(
            world.evidence.payments.map {
                Evidence.PurchaseKey(org: $0.key.org, purchase: $0.value.purchase)
            }
        )
        var open: [(organisation: String, number: UInt32)] = []
        for known in world.accounts {
            guard let org = engine.number(ofOrganisation: known.name) else { continue }
            let numbers = world.evidence.purchases.keys.filter {
                $0.org == org && !paid.contains($0)
            }
            open += numbers.map(\.purchase).sorted().map { (known.name, $0) }
        }
        return open.isEmpty ? (account.name, guess()) : open[world.roll(open.count)]
    }

    private func guess() -> UInt32 { UInt32(1 + world.roll(4)) }
}
