import Quantities

/// How long a wallet waits before it asks again after a failure: twice as long each time.
public struct TopUpBackOff: Sendable, Hashable {
    /// After the first failure.
    public var first: Int64
    /// At most.
    public var most: Int64

    /// Makes a back-off.
    ///
    /// - Parameters:
    ///   - first: After the first failure, in microseconds.
    ///   - most: At most, in microseconds.
    public init(firstMicroseconds first: Int64, mostMicroseconds most: Int64) {
        self.first = first
        self.most = most
    }

    /// When it is over.
    ///
    /// - Parameters:
    ///   - failures: How many in a row, at least 1.
    ///   - moment: When the last one was.
    /// - Returns: When the wallet may ask again.
    public func end(after failures: UInt32, from moment: Timestamp) -> Timestamp {
        var wait = min(first, most)
        var left = failures
        while left > 1, wait < most {
            wait = wait > most / 2 ? most : wait * 2
            left -= 1
        }
        return moment.advanced(byMicroseconds: wait)
    }
}

extension AccountBook {
    /// Sets how an organisation tops its wallet up, or switches it on or off.
    ///
    /// A failure or a limit that was met before is forgotten; what is under way stays so.
    ///
    /// - Parameters:
    ///   - setting: What is to apply from now on.
    ///   - org: The organisation.
    ///   - moment: The present moment.
    ///   - buffer: Where the records go.
    /// - Returns: `done`, `unknown`, `accountClosed` or `invalid`.
    public func setTopUp(
        _ setting: TopUpSet,
        org: UInt32,
        at moment: Timestamp,
        into buffer: RecordBuffer
    ) -> CommandOutcome {
        guard let slot = slot(of: org) else { return .unknown }
        let moment = move(to: moment)
        advance(slot, to: moment, into: buffer)
        if organisations[slot].closed { return .accountClosed }
        if setting.on {
            if purchaseRefusal(slot) != nil {
                return .invalid(field: "organisation", message: "Its plan does not allow to buy.")
            }
            if let fault = fault(of: setting) { return fault }
        }
        commit(.topUpSet(setting), org: org, at: moment, into: buffer)
        endTopUpTrouble(org, at: moment, into: buffer)
        if setting.on { judgeTopUp(slot, at: moment, into: buffer) }
        schedule(slot)
        return .done
    }

    private func fault(of setting: TopUpSet) -> CommandOutcome? {
        if setting.threshold.isNegative {
            return .invalid(field: "threshold", message: "\(setting.threshold) is below zero.")
        }
        guard setting.credits.isPositive, setting.threshold.adding(setting.credits) != nil else {
            return .invalid(
                field: "amount",
                message: "\(setting.credits) is not above zero, or too much for a balance."
            )
        }
        if setting.price.isNegative {
            return .invalid(field: "price", message: "\(setting.price) is below zero.")
        }
        if let limit = setting.monthlyLimit, limit < setting.price {
            return .invalid(
                field: "monthly_limit",
                message: "\(limit) is below the price of one top-up, \(setting.price)."
            )
        }
        return nil
    }

    /// Asks for a top-up where one is due: the posted balance is below the threshold, none is under
    /// way, no failure is waited out, and the month's limit leaves room.
    ///
    /// To be called by whatever has changed a posted balance of an organisation whose flags have
    /// `hasTopUp`; it asks at most once.
    func judgeTopUp(_ slot: Int, at moment: Timestamp, into buffer: RecordBuffer) {
        let org = organisations[slot].number
        guard let (purchasing, topUp) = wantedTopUp(slot) else { return }
        defer { schedule(slot) }
        guard topUp.retryAt <= moment, purchaseRefusal(slot) == nil else { return }
        let setting = topUp.setting
        let month = organisations[slot].today.day.monthStart
        let asked = purchasing.asked(in: month)
        if let limit = setting.monthlyLimit, TopUp.exceeds(asked, setting.price, limit) {
            guard topUp.limitMonth != month else { return }
            let body = TopUpLimitReached(
                month: month,
                price: setting.price,
                asked: asked,
                limit: limit
            )
            commit(.topUpLimitReached(body), org: org, at: moment, into: buffer)
            tell(.limitReached(org: org, body), at: moment, into: buffer)
            return
        }
        let body = PurchaseAsked(
            purchase: purchasing.last + 1,
            automatic: true,
            pack: setting.pack,
            credits: setting.credits,
            price: setting.price,
            currency: setting.currency,
            connector: setting.connector,
            month: month,
            identity: 0,
            content: 0
        )
        _ = ask(body, org: org, at: moment, into: buffer)
    }

    /// The top-up of a wallet that is below its threshold while none is under way; nil otherwise.
    func wantedTopUp(_ slot: Int) -> (purchasing: Purchasing, topUp: TopUp)? {
        guard let purchasing = purchasings[organisations[slot].number],
            let topUp = purchasing.topUp, topUp.setting.on, !organisations[slot].closed,
            organisations[slot].posted < topUp.setting.threshold, !purchasing.isToppingUp
        else { return nil }
        return (purchasing, topUp)
    }

    /// When a top-up has to be judged again by itself: at once where one is due and was not asked
    /// for, after a failure's wait, and day by day where the month's limit is used up.
    func topUpDeadline(_ slot: Int) -> Timestamp {
        guard let (purchasing, topUp) = wantedTopUp(slot), purchaseRefusal(slot) == nil else {
            return .never
        }
        let month = organisations[slot].today.day.monthStart
        guard let limit = topUp.setting.monthlyLimit, topUp.limitMonth == month,
            TopUp.exceeds(purchasing.asked(in: month), topUp.setting.price, limit)
        else { return topUp.retryAt }
        return max(topUp.retryAt, organisations[slot].today.end)
    }

    /// Tells people that something is wrong with a top-up: at once, and as an alert that outlives a
    /// restart.
    func tell(_ trouble: TopUpTrouble, at moment: Timestamp, into buffer: RecordBuffer) {
        topUpTroubles.append(trouble)
        switch trouble {
        case .failed(let org, let body):
            let amount = purchasings[org]?.topUp?.setting.credits ?? .zero
            tellTopUp(
                .failed,
                amount: amount,
                text: body.reason,
                org: org,
                at: moment,
                into: buffer
            )
        case .limitReached(let org, let body):
            tellTopUp(
                .limitReached,
                amount: body.price,
                text: "\(body.asked) of \(body.limit) were asked for in this month",
                org: org,
                at: moment,
                into: buffer
            )
        case .over(let org):
            tellTopUp(.paid, amount: .zero, text: "", org: org, at: moment, into: buffer)
        }
    }

    /// What people must still hear of top-ups, by the state alone: for whoever has just started.
    public var standingTopUpTroubles: [TopUpTrouble] {
        purchasings.sorted { $0.key < $1.key }.compactMap { org, purchasing in
            guard let slot = slot(of: org), !organisations[slot].closed,
                let topUp = purchasing.topUp, topUp.setting.on
            else { return nil }
            let setting = topUp.setting
            if let month = topUp.limitMonth, month == organisations[slot].today.day.monthStart,
                let limit = setting.monthlyLimit,
                TopUp.exceeds(purchasing.asked(in: month), setting.price, limit)
            {
                let body = TopUpLimitReached(
                    month: month,
                    price: setting.price,
                    asked: purchasing.asked(in: month),
                    limit: limit
                )
                return .limitReached(org: org, body)
            }
            guard topUp.failures > 0 else { return nil }
            let last = purchasing.recent.last { $0.asked.automatic && $0.state == .failed }
            let body = PurchaseFailed(
                purchase: last?.number ?? 0,
                automatic: true,
                reason: last?.reason ?? "",
                failures: topUp.failures,
                retryAt: topUp.retryAt
            )
            return .failed(org: org, body)
        }
    }

    /// What was wrong with a top-up is over.
    func endTopUpTrouble(_ org: UInt32, at moment: Timestamp, into buffer: RecordBuffer) {
        tell(.over(org: org), at: moment, into: buffer)
    }

    /// Takes what people must hear of, and forgets it here.
    ///
    /// - Returns: The troubles, in the order of their coming up.
    public func takeTopUpTroubles() -> [TopUpTrouble] {
        guard !topUpTroubles.isEmpty else { return [] }
        defer { topUpTroubles.removeAll(keepingCapacity: true) }
        return topUpTroubles
    }
}

// MARK: - Applying

extension AccountBook {
    func apply(_ org: UInt32, _ body: TopUpSet) {
        guard let slot = slot(of: org) else { return }
        purchasings[org, default: Purchasing()].topUp = TopUp(setting: body)
        if body.on {
            organisations[slot].flags.insert(.hasTopUp)
        } else {
            organisations[slot].flags.remove(.hasTopUp)
        }
    }

    func apply(_ org: UInt32, _ body: TopUpLimitReached) {
        purchasings[org]?.topUp?.limitMonth = body.month
    }

    /// A closed account buys nothing any more.
    func stopTopUp(_ slot: Int) {
        purchasings[organisations[slot].number]?.topUp?.setting.on = false
        organisations[slot].flags.remove(.hasTopUp)
    }
}

extension TopUp {
    static func exceeds(_ asked: Amount, _ price: Amount, _ limit: Amount) -> Bool {
        guard let sum = asked.adding(price) else { return true }
        return sum > limit
    }
}
