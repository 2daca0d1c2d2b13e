import Accounting
import Quantities

/// A purchase as the second keeper has it: nothing of it is ever taken out of the list.
package struct NaivePurchase: Equatable {
    package enum Fate: Equatable {
        case waits
        case paid(String)
        case failed
    }

    package var automatic: Bool
    package var credits: Int128
    package var price: Int128
    /// The first day of the month in which it was asked for.
    package var month: Int64
    package var fate = Fate.waits
}

package struct NaiveTopUp: Equatable {
    package var on: Bool
    package var threshold: Int128
    package var credits: Int128
    package var price: Int128
    package var limit: Int128?

    package init(on: Bool, threshold: Int128, credits: Int128, price: Int128, limit: Int128?) {
        self.on = on
        self.threshold = threshold
        self.credits = credits
        self.price = price
        self.limit = limit
    }
}

/// What an organisation has bought, from the first to the last.
package struct NaiveShop: Equatable {
    package var purchases: [NaivePurchase] = []
    package var topUp: NaiveTopUp?
    /// How many of its own failed in a row, and until when that is waited out.
    package var failures = 0
    package var waitsUntil: Int64 = .min
    /// The month for which people know that the limit is used up.
    package var toldMonth: Int64?

    package init() {}

    package var receipts: Int {
        purchases.count {
            if case .paid = $0.fate { true } else { false }
        }
    }

    package var isWaiting: Bool { purchases.contains { $0.automatic && $0.fate == .waits } }

    /// What counts against the limit of a month.
    package func asked(in month: Int64) -> Int128 {
        purchases.filter { $0.automatic && $0.month == month && $0.fate != .failed }
            .reduce(0) { $0 + $1.price }
    }

    package func owner(of payment: String) -> Int? {
        purchases.firstIndex { $0.fate == .paid(payment) }.map { $0 + 1 }
    }

    package var open: [Int] {
        purchases.indices.filter { purchases[$0].fate == .waits }.map { $0 + 1 }
    }
}

/// What the second keeper would do about a top-up now.
package enum NaiveVerdict: Equatable {
    case nothing
    case ask
    case tellLimit
}

extension NaiveOrganisation {
    var monthStart: Int64 { NaiveCalendar.month(of: today).first }

    /// Below the threshold, nothing under way, nothing waited out: then one more, if the month's
    /// limit leaves room.
    package func verdict() -> NaiveVerdict {
        guard let topUp = shop.topUp, topUp.on, !closed, posted < topUp.threshold,
            !shop.isWaiting, shop.waitsUntil <= now, terms.plan?.mayPurchase != false
        else { return .nothing }
        if let limit = topUp.limit, shop.asked(in: monthStart) + topUp.price > limit {
            return shop.toldMonth == monthStart ? .nothing : .tellLimit
        }
        return .ask
    }

    mutating func topUpIfDue() {
        switch verdict() {
        case .nothing: break
        case .tellLimit: shop.toldMonth = monthStart
        case .ask:
            guard let topUp = shop.topUp else { return }
            buy(automatic: true, credits: topUp.credits, price: topUp.price)
        }
    }

    mutating func buy(automatic: Bool, credits: Int128, price: Int128) {
        shop.purchases.append(
            NaivePurchase(
                automatic: automatic,
                credits: credits,
                price: price,
                month: monthStart
            )
        )
    }

    // MARK: - Commands

    /// Somebody asks for a purchase; nil when closed.
    package mutating func ask(credits: Int128, price: Int128, at moment: Int64) -> Int? {
        bringUp(to: moment)
        guard !closed, terms.plan?.mayPurchase != false else { return nil }
        buy(automatic: false, credits: credits, price: price)
        return shop.purchases.count
    }

    /// A payment comes in for an open purchase.
    package mutating func confirm(
        _ number: Int,
        payment: String,
        priority: Int32,
        expires: Int64,
        at moment: Int64
    ) {
        bringUp(to: moment)
        let purchase = shop.purchases[number - 1]
        pay(number, payment)
        // What is still below the threshold is judged when the credits are in.
        let topUp = shop.topUp
        shop.topUp = nil
        _ = grant(
            purchase.credits,
            priority: priority,
            effective: moment,
            expires: expires,
            at: moment
        )
        terms.hasBought = true
        shop.topUp = topUp
        topUpIfDue()
    }

    mutating func pay(_ number: Int, _ payment: String) {
        shop.purchases[number - 1].fate = .paid(payment)
        guard shop.purchases[number - 1].automatic else { return }
        shop.failures = 0
        shop.waitsUntil = .min
    }

    /// A purchase fails; `wait` says how long after so many in a row nothing is asked for.
    package mutating func fail(_ number: Int, at moment: Int64, wait: (Int) -> Int64) {
        bringUp(to: moment)
        shop.purchases[number - 1].fate = .failed
        guard shop.purchases[number - 1].automatic else { return }
        shop.failures += 1
        shop.waitsUntil = moment + wait(shop.failures)
        topUpIfDue()
    }

    package mutating func set(_ topUp: NaiveTopUp, at moment: Int64) {
        bringUp(to: moment)
        guard !closed, !topUp.on || terms.plan?.mayPurchase != false else { return }
        shop.topUp = topUp
        shop.failures = 0
        shop.waitsUntil = .min
        shop.toldMonth = nil
        topUpIfDue()
    }

    // MARK: - One record after the other

    mutating func follow(_ body: TopUpSet, at moment: Timestamp) -> String? {
        if closed { return "a top-up is set in a closed wallet" }
        if let overdue = overdue(at: moment) { return overdue }
        shop.topUp = NaiveTopUp(
            on: body.on,
            threshold: body.threshold.units,
            credits: body.credits.units,
            price: body.price.units,
            limit: body.monthlyLimit?.units
        )
        shop.failures = 0
        shop.waitsUntil = .min
        shop.toldMonth = nil
        return nil
    }

    mutating func follow(_ body: PurchaseAsked, at moment: Timestamp) -> String? {
        if closed { return "a closed wallet buys" }
        if body.automatic {
            if let overdue = overdueGrantOrDay(at: moment) { return overdue }
            guard verdict() == .ask, let topUp = shop.topUp else {
                return "a top-up is asked for at \(posted), where there is: \(verdict())"
            }
            if body.credits.units != topUp.credits || body.price.units != topUp.price {
                return "a top-up over \(body.credits) for \(body.price)"
            }
        } else if let overdue = overdue(at: moment) {
            return overdue
        }
        buy(automatic: body.automatic, credits: body.credits.units, price: body.price.units)
        if Int(body.purchase) != shop.purchases.count { return "purchase \(body.purchase)" }
        let month = shop.purchases.last?.month
        return month == Int64(body.month.number) ? nil : "a purchase in \(body.month)"
    }

    mutating func follow(_ body: PurchaseConfirmed, at moment: Timestamp) -> String? {
        if let overdue = overdue(at: moment) { return overdue }
        let number = Int(body.purchase)
        guard shop.open.contains(number) else { return "purchase \(number) is paid, not open" }
        let purchase = shop.purchases[number - 1]
        if let owner = shop.owner(of: body.payment) {
            return "payment \(body.payment) of purchase \(owner) pays purchase \(number)"
        }
        if Int(body.receipt) != shop.receipts + 1 { return "receipt \(body.receipt)" }
        if body.automatic != purchase.automatic { return "purchase \(number) changes its nature" }
        if body.grant.amount.units != purchase.credits || body.grant.grantClass != .purchased {
            return "purchase \(number) gives \(body.grant.amount)"
        }
        pay(number, body.payment)
        // What is still below the threshold is judged when the credits are in.
        let topUp = shop.topUp
        shop.topUp = nil
        defer { shop.topUp = topUp }
        return follow(body.grant, at: moment, isPaid: true)
    }

    mutating func follow(_ body: PurchaseFailed, at moment: Timestamp) -> String? {
        if let overdue = overdue(at: moment) { return overdue }
        let number = Int(body.purchase)
        guard shop.open.contains(number) else { return "purchase \(number) fails, not open" }
        shop.purchases[number - 1].fate = .failed
        guard shop.purchases[number - 1].automatic else {
            return body.automatic ? "purchase \(number) changes its nature" : nil
        }
        shop.failures += 1
        shop.waitsUntil = body.retryAt.microseconds
        if Int(body.failures) != shop.failures { return "\(body.failures) failures" }
        return body.retryAt > moment ? nil : "nothing is waited out after a failure"
    }

    mutating func follow(_ body: TopUpLimitReached, at moment: Timestamp) -> String? {
        if let overdue = overdueGrantOrDay(at: moment) { return overdue }
        guard verdict() == .tellLimit else {
            return "a limit is reached, and there is: \(verdict())"
        }
        shop.toldMonth = monthStart
        return shop.toldMonth == Int64(body.month.number) ? nil : "a limit of \(body.month)"
    }
}

extension BookComparison {
    /// Compares what an organisation has bought.
    package mutating func compareShop(
        _ org: UInt32,
        _ book: AccountBook,
        _ model: NaiveOrganisation
    ) {
        let mine = book.purchasing(of: org) ?? Purchasing()
        let theirs = model.shop
        expectEqual(Int(mine.last), theirs.purchases.count, "purchases of \(org)")
        expectEqual(Int(mine.receipts), theirs.receipts, "receipts of \(org)")
        expectEqual(mine.open.map { Int($0.number) }, theirs.open, "open purchases of \(org)")
        let asked = mine.asked.units
        let month = Int64(mine.month.number)
        expectEqual(asked, theirs.asked(in: month), "asked in month \(month) of \(org)")
        guard let topUp = mine.topUp, let other = theirs.topUp else {
            return expect((mine.topUp == nil) == (theirs.topUp == nil), "top-up of \(org)")
        }
        expectEqual(topUp.setting.on, other.on && !model.closed, "top-up on of \(org)")
        expectEqual(topUp.setting.threshold.units, other.threshold, "threshold of \(org)")
        expectEqual(Int(topUp.failures), theirs.failures, "failures of \(org)")
        let waits = topUp.retryAt == .epoch ? .min : topUp.retryAt.microseconds
        expectEqual(waits, theirs.waitsUntil, "back-off of \(org)")
        expectEqual(topUp.limitMonth.map { Int64($0.number) }, theirs.toldMonth, "limit of \(org)")
    }
}
