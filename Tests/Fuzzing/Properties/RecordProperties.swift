import Accounting
import Quantities

/// Goal: the records of a block, however broken, are refused or mean one thing.
///
/// Properties: walking stays within the block; a record is either usage or another change; what is
/// decoded lies within its record, and encoded again it is the same.
enum RecordProperties {
    static func check(_ input: UnsafeRawBufferPointer) throws(BrokenPromise) {
        var walker = RecordWalker(input)
        while let (kind, record) = walker.next() {
            try promise(record.count % 8 == 0 && record.count >= 24, "a record of odd length")
            try promise(walker.position <= input.count, "walked out of the block")
            let change = Change.decode(record)
            if kind == .usage {
                try promise(change == nil, "usage passes for another change")
                try checkUsage(record)
            } else {
                try promise(UsageChange.decode(record) == nil, "another change passes for usage")
                if let change { try check(change, record) }
            }
        }
        try promise(walker.position <= input.count, "walked out of the block")
    }

    private static func check(
        _ change: Change,
        _ record: UnsafeRawBufferPointer
    ) throws(BrokenPromise) {
        let buffer = RecordBuffer()
        change.encode(into: buffer)
        try withExtendedLifetime(buffer) { () throws(BrokenPromise) in
            guard let again = Change.decode(buffer.bytes) else {
                throw BrokenPromise("\(change), encoded by us, is no record")
            }
            try promise(again == change, "\(change) became \(again)")
            var walker = RecordWalker(buffer.bytes)
            let kind = walker.next()?.kind
            try promise(kind?.rawValue == record[4], "the kind became \(kind as Any)")
            try promise(walker.position == buffer.count, "a record is not one record")
        }
    }

    private static func checkUsage(
        _ record: UnsafeRawBufferPointer
    ) throws(BrokenPromise) {
        guard let (change, id, session) = UsageChange.decode(record) else { return }
        try promise(id.upperBound == session.lowerBound, "id and session are apart")
        try promise(session.upperBound <= record.count, "a session outside its record")
        // Bytes behind an identity of 0 are an identity that is not written again.
        if change.identity == 0, change.content != 0 { return }
        let buffer = RecordBuffer()
        change.encode(
            into: buffer,
            id: UnsafeRawBufferPointer(rebasing: record[id]),
            session: UnsafeRawBufferPointer(rebasing: record[session])
        )
        try withExtendedLifetime(buffer) { () throws(BrokenPromise) in
            let bytes = buffer.bytes
            guard let (again, otherId, otherSession) = UsageChange.decode(bytes) else {
                throw BrokenPromise("\(change), encoded by us, is no record")
            }
            try promise(again == change, "\(change) became \(again)")
            try promise(bytes[otherId].elementsEqual(record[id]), "the id became another")
            try promise(
                bytes[otherSession].elementsEqual(record[session]),
                "the session became another"
            )
            var walker = RecordWalker(bytes)
            try promise(walker.next()?.kind == .usage, "usage is no usage any more")
            try promise(walker.position == bytes.count, "a record is not one record")
        }
    }
}
