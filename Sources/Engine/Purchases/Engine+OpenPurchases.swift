import Accounting
import Quantities
import Rings
import Wire

extension Engine {
    /// What waits for a payment, of all organisations, from memory.
    ///
    /// - Parameters:
    ///   - from: Only what was asked for at this moment or later; nil for all.
    ///   - limit: How many at most.
    /// - Returns: The oldest first.
    public func openPurchases(from: Timestamp?, limit: Int) async -> OpenPurchases {
        var open: [PurchaseOrder] = []
        for shard in shards {
            open += await withCheckedContinuation { continuation in
                shard.inbox.put { shard in
                    continuation.resume(returning: shard.ownBooks.flatMap(\.openPurchases))
                }
                shard.stage.kick()
            }
        }
        let wanted = open.filter { $0.purchase.askedAt >= from ?? .epoch }.sorted { one, two in
            (one.purchase.askedAt, one.org, one.purchase.number)
                < (two.purchase.askedAt, two.org, two.purchase.number)
        }
        let listed = wanted.prefix(limit).map { order in
            PurchaseInfo(
                organisation: directory.name(of: .org, org: order.org, id: 0),
                purchase: order.purchase
            )
        }
        return OpenPurchases(purchases: listed, total: wanted.count)
    }
}
