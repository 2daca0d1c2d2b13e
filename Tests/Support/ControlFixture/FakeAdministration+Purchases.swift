import Accounting
@testable import Engine
import Quantities
import Synchronization

/// What a small engine sells: a pack, and whole credits at one a piece.
extension FakeAdministration {
    struct Shop {
        var purchases: [Purchase] = []
        var topUp: TopUp?
        var keys: [String: UInt32] = [:]
    }

    private static let month = FakeAdministration.now.utcDay.monthStart

    func purchase(
        organisation: String,
        request: PurchaseRequest
    ) async throws(AdministrationError) -> PurchaseReceipt {
        let name = request.pack ?? ""
        if !name.isEmpty, name != "starter" {
            throw .invalid(
                field: "pack",
                message: "\"\(name)\" is not one of the packs: starter."
            )
        }
        if name.isEmpty, request.credits == nil {
            throw .invalid(
                field: "pack",
                message: "is missing, and so is `credits`: one is needed."
            )
        }
        _ = try await self.organisation(name: organisation)
        let key = request.payment ?? request.idempotencyKey ?? ""
        if let known = shop(organisation).keys[key] {
            return try await receipt(organisation, known, repeated: true)
        }
        let credits = request.credits ?? Amount(credits: 1_000_000)
        let number = change(organisation) { shop -> UInt32 in
            let asked = PurchaseAsked(
                purchase: UInt32(shop.purchases.count + 1),
                automatic: false,
                pack: name,
                credits: credits,
                price: name.isEmpty ? credits : Amount(credits: 5),
                currency: "EUR",
                connector: request.connector ?? "manual",
                month: FakeAdministration.month,
                identity: 0,
                content: 0
            )
            shop.purchases.append(Purchase(asked: asked, askedAt: FakeAdministration.now))
            shop.keys[key] = asked.purchase
            return asked.purchase
        }
        if let payment = request.payment { settle(organisation, number, payment: payment) }
        return try await receipt(organisation, number, repeated: false)
    }

    func confirmPurchase(
        organisation: String,
        purchase: UInt32,
        payment: String
    ) async throws(AdministrationError) -> PurchaseReceipt {
        let found = try find(organisation, purchase)
        if found.payment == payment {
            return try await receipt(organisation, purchase, repeated: true)
        }
        if let owner = shop(organisation).purchases.first(where: { $0.payment == payment }) {
            throw .paymentUsed(payment, purchase: owner.number)
        }
        guard found.state == .open else {
            throw .purchaseSettled(purchase, state: found.state, payment: found.payment)
        }
        settle(organisation, purchase, payment: payment)
        return try await receipt(organisation, purchase, repeated: false)
    }

    func failPurchase(
        organisation: String,
        purchase: UInt32,
        reason: String
    ) async throws(AdministrationError) -> PurchaseReceipt {
        let found = try find(organisation, purchase)
        guard found.state == .open else {
            throw .purchaseSettled(purchase, state: found.state, payment: found.payment)
        }
        change(organisation) { shop in
            shop.purchases[Int(purchase) - 1].state = .failed
            shop.purchases[Int(purchase) - 1].reason = reason
            shop.purchases[Int(purchase) - 1].settledAt = FakeAdministration.now
        }
        return try await receipt(organisation, purchase, repeated: false)
    }

    func purchases(
        organisation: String,
        filter: PurchaseFilter
    ) async throws(AdministrationError) -> [PurchaseInfo] {
        _ = try await self.organisation(name: organisation)
        let found = shop(organisation).purchases.reversed().filter {
            (filter.state == nil || $0.state == filter.state) && $0.number < filter.before ?? .max
        }
        return found.prefix(filter.limit).map {
            PurchaseInfo(organisation: organisation, purchase: $0)
        }
    }

    func openPurchases(from: Timestamp?, limit: Int) async -> OpenPurchases {
        let shops = state.withLock { $0.shops }.sorted { $0.key < $1.key }
        let open = shops.flatMap { name, shop in
            shop.purchases.filter { $0.state == .open && $0.askedAt >= from ?? .epoch }.map {
                PurchaseInfo(organisation: name, purchase: $0)
            }
        }
        return OpenPurchases(purchases: Array(open.prefix(limit)), total: open.count)
    }

    func purchase(
        organisation: String,
        key: PurchaseKey
    ) async throws(AdministrationError) -> PurchaseInfo {
        _ = try await self.organisation(name: organisation)
        let found = shop(organisation).purchases.first { purchase in
            switch key {
            case .number(let number): purchase.number == number
            case .receipt(let receipt): purchase.receipt == receipt
            case .payment(let payment): purchase.payment == payment
            }
        }
        guard let found else { throw .notFound(what: "purchase", name: "of that number") }
        return PurchaseInfo(organisation: organisation, purchase: found)
    }

    func topUp(organisation: String) async throws(AdministrationError) -> TopUpInfo {
        _ = try await self.organisation(name: organisation)
        return TopUpInfo(
            topUp: shop(organisation).topUp,
            month: FakeAdministration.month,
            asked: .zero,
            pending: nil
        )
    }

    func setTopUp(
        organisation: String,
        request: TopUpRequest
    ) async throws(AdministrationError) -> TopUpInfo {
        var setting =
            shop(organisation).topUp?.setting
            ?? TopUpSet(
                on: false,
                threshold: .zero,
                credits: .zero,
                price: .zero,
                currency: "EUR",
                pack: "",
                connector: "manual",
                monthlyLimit: Amount(credits: 50)
            )
        setting.on = request.on
        if request.on, request.threshold == nil, shop(organisation).topUp == nil {
            throw .invalid(field: "threshold", message: "is missing, and was never set.")
        }
        if let threshold = request.threshold { setting.threshold = threshold }
        if let credits = request.credits {
            (setting.credits, setting.price, setting.pack) = (credits, credits, "")
        }
        if let pack = request.pack {
            setting.pack = pack
            (setting.credits, setting.price) = (Amount(credits: 1_000_000), Amount(credits: 5))
        }
        switch request.monthlyLimit {
        case .amount(let amount): setting.monthlyLimit = amount
        case .some(.none): setting.monthlyLimit = nil
        case nil: break
        }
        if let connector = request.connector { setting.connector = connector }
        let set = setting
        change(organisation) { $0.topUp = TopUp(setting: set) }
        return try await topUp(organisation: organisation)
    }

    // MARK: - The shop

    private func shop(_ organisation: String) -> Shop {
        state.withLock { $0.shops[organisation] ?? Shop() }
    }

    @discardableResult
    private func change<Result: Sendable>(
        _ organisation: String,
        _ body: (inout Shop) -> Result
    ) -> Result {
        state.withLock { state in body(&state.shops[organisation, default: Shop()]) }
    }

    private func find(
        _ organisation: String,
        _ number: UInt32
    ) throws(AdministrationError) -> Purchase {
        guard let found = shop(organisation).purchases.first(where: { $0.number == number }) else {
            throw .notFound(what: "purchase", name: "of that number")
        }
        return found
    }

    private func settle(_ organisation: String, _ number: UInt32, payment: String) {
        let credits = change(organisation) { shop -> Amount in
            let receipts = UInt32(shop.purchases.count { $0.state == .confirmed })
            let index = Int(number) - 1
            shop.purchases[index].state = .confirmed
            shop.purchases[index].payment = payment
            shop.purchases[index].receipt = receipts + 1
            shop.purchases[index].grant = number
            shop.purchases[index].settledAt = FakeAdministration.now
            return shop.purchases[index].asked.credits
        }
        state.withLock { state in
            state.accounts[organisation]?.info.wallet.posted += credits
            state.accounts[organisation]?.info.wallet.available += credits
        }
    }

    private func receipt(
        _ organisation: String,
        _ number: UInt32,
        repeated: Bool
    ) async throws(AdministrationError) -> PurchaseReceipt {
        PurchaseReceipt(
            purchase: PurchaseInfo(
                organisation: organisation,
                purchase: try find(organisation, number)
            ),
            repeated: repeated,
            wallet: try await self.organisation(name: organisation).wallet
        )
    }
}
