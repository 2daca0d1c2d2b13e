import Accounting
import Quantities

/// How a purchase ended.
struct PurchaseSettlement {
    let org: UInt32
    let at: Timestamp
    let purchase: UInt32
    /// nil when it failed.
    var payment: String?
    var receipt: UInt32 = 0
    var grant: UInt32 = 0
    var reason = ""
}

/// What a batch does to one organisation's top-up: what was set, and what came after.
struct TopUpDelta {
    var setting: TopUpSet?
    var changedAt = Timestamp.epoch
    var wait: (failures: UInt32, retryAt: Timestamp)?
    var limitMonth: CivilDay?
}

/// The purchases and top-ups of a batch, as they came.
struct PurchaseChangesOfBatch {
    var asked: [Dated<PurchaseAsked>] = []
    var settled: [PurchaseSettlement] = []
    var topUps: [UInt32: TopUpDelta] = [:]
}

extension BatchSection {
    /// Notes that a purchase was paid for; its credits are the caller's to note.
    func confirm(_ org: UInt32, _ body: PurchaseConfirmed, at: Timestamp) {
        var settlement = PurchaseSettlement(org: org, at: at, purchase: body.purchase)
        settlement.payment = body.payment
        settlement.receipt = body.receipt
        settlement.grant = body.grant.grant
        cold.purchases.settled.append(settlement)
        if body.automatic { cold.purchases.topUps[org, default: TopUpDelta()].wait = (0, .epoch) }
    }

    func fail(_ org: UInt32, _ body: PurchaseFailed, at: Timestamp) {
        var settlement = PurchaseSettlement(org: org, at: at, purchase: body.purchase)
        settlement.reason = body.reason
        cold.purchases.settled.append(settlement)
        guard body.automatic else { return }
        cold.purchases.topUps[org, default: TopUpDelta()].wait = (body.failures, body.retryAt)
    }

    func set(_ org: UInt32, _ body: TopUpSet, at: Timestamp) {
        cold.purchases.topUps[org] = TopUpDelta(setting: body, changedAt: at)
    }

    func reachLimit(_ org: UInt32, _ body: TopUpLimitReached) {
        cold.purchases.topUps[org, default: TopUpDelta()].limitMonth = body.month
    }
}
