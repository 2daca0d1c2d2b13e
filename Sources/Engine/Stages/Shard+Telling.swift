import Accounting
import Ingest
import Quantities
import Rings

// MARK: - What a turn tells others at its end

extension Shard {
    func publishTimes() {
        var due = Timestamp.never
        var overshoot = Amount.zero
        var open = 0
        for case .some(let book) in books {
            due = min(due, book.nextDue)
            overshoot += book.overshoot
            open += book.openHolds
            // Purchases are handed over by a whole turn.
            if book.hasPurchaseNews { due = .epoch }
        }
        signal.setNextDue(min(due, orders.nextTime))
        signal.setOpenHolds(open)
        counters.setOvershoot(overshoot, shard: index)
        counters.setAlerts(raisedAlerts, shard: index)
    }

    /// How many alerts went off in this shard's books.
    private var raisedAlerts: UInt64 {
        var sum: UInt64 = 0
        for case .some(let book) in books { sum += book.raisedCount }
        return sum
    }

    /// Hands what is to be bought to its connectors, and troubles to people, once it is safe.
    func handOverPurchases() {
        for case .some(let book) in books where book.hasPurchaseNews {
            let orders = book.takePurchaseOrders()
            let troubles = book.takeTopUpTroubles()
            finish { [desk] in desk.take(asked: orders, troubles) }
        }
    }

    func tellNotices() {
        for case .some(let book) in books where !book.notices.isEmpty {
            let taken = book.takeNotices()
            for loop in loops.indices where loops[loop].hasSubscribers {
                notices[loop].append(contentsOf: taken)
            }
        }
        for loop in loops.indices where !notices[loop].isEmpty { tell(loop) }
    }

    /// Tells a loop's listeners as much as there is room for; the rest goes when the loop has
    /// drained.
    private func tell(_ loop: Int) {
        let header = ReplyHeader(origin: Origin(slot: 0, generation: 0), gate: 0)
        var told = 0
        for notice in notices[loop] {
            // None after the first that has no place: the loop drains the ring meanwhile, and what
            // is taken off below are the first of the row.
            guard replies[loop].canClaim(RingMessage.maximumLength) else { break }
            RingMessage.put(
                NoticeReply(header, notice),
                kind: ReplyKind.notice.rawValue,
                into: replies[loop]
            )
            told += 1
        }
        notices[loop].removeFirst(told)
        replies[loop].publish()
        loops[loop].wake()
        if !notices[loop].isEmpty { wantReplyRoom(loop) }
    }
}
