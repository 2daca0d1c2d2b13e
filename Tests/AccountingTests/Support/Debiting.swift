import Accounting
import Quantities

extension AccountBook {
    /// Books a change the way the daemon does, as a draft, and reads back what was decided.
    func debit(
        _ usage: inout UsageChange,
        id: UnsafeRawBufferPointer,
        session: UnsafeRawBufferPointer,
        at moment: Timestamp,
        into buffer: RecordBuffer
    ) -> DebitOutcome {
        var draft = usage
        draft.draws = Draws()
        let place = RecordBuffer()
        draft.encode(into: place, id: id, session: session)
        guard let record = UsageRecord(place.bytes) else { return .outOfRange }
        let before = buffer.count
        let outcome = debit(record, at: moment, into: buffer)
        guard outcome == .booked else { return outcome }
        var walker = RecordWalker(UnsafeRawBufferPointer(rebasing: buffer.bytes[before...]))
        while let (kind, record) = walker.next() {
            guard kind == .usage, let (booked, _, _) = UsageChange.decode(record) else { continue }
            usage = booked
        }
        return outcome
    }
}
