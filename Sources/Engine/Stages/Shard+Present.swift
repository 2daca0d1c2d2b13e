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
    /// What was told last of the organisation that is being told.
    var told: Notice?

    /// Whether a notice comes after the one told last, in the order of `AccountBook.cutoffs(of:)`.
    func isStillToTell(_ notice: Notice) -> Bool {
        guard let told else { return true }
        if notice.scope != told.scope { return notice.scope.rawValue > told.scope.rawValue }
        return notice.id > told.id
    }
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
            if !isDone {
                remaining.append(scan)
                wantReplyRoom(scan.loop)
            }
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
                for notice in book.cutoffs(of: scan.next) where scan.isStillToTell(notice) {
                    guard ring.canClaim(RingMessage.maximumLength) else { return false }
                    let reply = NoticeReply(header, notice)
                    RingMessage.put(reply, kind: ReplyKind.present.rawValue, into: ring)
                    scan.told = notice
                }
                scan.told = nil
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
