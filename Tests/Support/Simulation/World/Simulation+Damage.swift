import DiskSimulation
import Journaling
import Quantities

/// A bit that a bad disk has turned round, where nobody may lose anything.
struct DurableDamage {
    var file: String
    var offset: Int
    var bit: Int
    var position: UInt64
}

extension Simulation {
    /// Turns a bit round in front of a block that says that everything before it is durable: the
    /// next start must refuse to go on, and not take it for a torn tail.
    func spoilDurable() {
        // What a failed call has done to the proof is not known.
        guard damage == nil, proven.failures == disk.damage.failures else { return }
        let position = proven.floor &- 1 &- UInt64(random.below(400))
        var segment: (name: String, start: UInt64)?
        for name in disk.fileNames where name.hasPrefix("journal-") && name.hasSuffix(".log") {
            guard let start = UInt64(name.dropFirst(8).dropLast(4)), start < proven.floor,
                start > segment?.start ?? 0 || segment == nil
            else { continue }
            segment = (name, start)
        }
        // The segment's own header is another matter.
        guard let segment, position < proven.floor, position >= segment.start + 64 else { return }
        let new = DurableDamage(
            file: segment.name,
            offset: Int(position - segment.start),
            bit: random.below(8),
            position: position
        )
        disk.flipBit(new.bit, of: new.offset, in: new.file)
        damage = new
        history.note(.fault, position, "a bit at \(position) is turned round")
    }

    /// After a recovery nothing lies behind the journal's end that a later one could take for data.
    func checkTail(behind end: UInt64) throws(Violation) {
        for name in disk.fileNames where name.hasPrefix("journal-") && name.hasSuffix(".log") {
            guard let start = UInt64(name.dropFirst(8).dropLast(4)) else { continue }
            let bytes = disk.bytes(of: name)
            guard start <= end, end < start + UInt64(bytes.count) else { continue }
            guard !bytes[Int(end - start)...].contains(where: { $0 != 0 }) else {
                throw Violation("tail-left", "behind \(end) in \(name)")
            }
        }
    }

    /// The disk is well again.
    func mendDurable() {
        guard let old = damage else { return }
        damage = nil
        disk.flipBit(old.bit, of: old.offset, in: old.file)
    }
}
