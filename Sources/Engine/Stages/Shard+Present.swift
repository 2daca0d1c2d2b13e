import Accounting
import Ingest
import Quantities
import Rings
import Wire

/// How far a shard has told one connection what is cut off at present.
struct PresentScan {
    let loop: Int
    let origin: Origin
    var book = 0
    var next: UInt32 = 0
}

extension Shard {
    /// Goes on telling new subscribers what is cut off, as far as there is room.
    func continueScans() {
        guard !scans.isEmpty else { return }
        var remaining: [PresentScan] = []
        for var scan in scans {
            let isDone = advance(&scan)
            replies[scan.loop].publish()
            loops[scan.loop].wake()
            if !isDone { remaining.append(scan) }
        }
        scans = remaining
    }

    private func advance(_ scan: inout PresentScan) -> Bool {
        let ring = replies[scan.loop]
        let header = ReplyHeader(origin: scan.origin, gate: 0)
        while scan.book < ownBooks.count {
            let book = ownBooks[scan.book]
            let highest = book.highest
            while scan.next <= highest {
                let found = book.cutoffs(of: scan.next)
                guard ring.canClaim(RingMessage.maximumLength * (found.count + 1)) else {
                    return false
                }
                for notice in found {
                    let reply = NoticeReply(header, notice)
                    RingMessage.put(reply, kind: ReplyKind.present.rawValue, into: ring)
                }
                scan.next += 1
            }
            scan.book += 1
            scan.next = 0
        }
        guard ring.canClaim(RingMessage.maximumLength) else { return false }
        RingMessage.put(header, kind: ReplyKind.presentEnd.rawValue, into: ring)
        return true
    }
}

extension NoticeReply {
    init(_ header: ReplyHeader, _ notice: Notice) {
        self.init(
            header: header,
            org: notice.org,
            id: notice.id,
            scope: LimitScope(notice.scope),
            reasons: notice.reasons.rawValue,
            at: notice.at
        )
    }
}
