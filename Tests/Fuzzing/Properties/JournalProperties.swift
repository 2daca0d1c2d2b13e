import Journaling
import Quantities

/// Goal: a journal's files, however broken, are refused, or give what was written to them.
///
/// Input: the first byte says what the rest is. Even: the bytes of segment files, one behind the
/// other. Odd: the sizes of blocks to write, and the bytes to damage afterwards.
///
/// Properties of any files: each block handed out stands in them with a right checksum; opening
/// twice finds the same; a journal that opens can be written to, and gives back what it had before.
/// Properties of a damaged journal: what it gives is the beginning of what was written, and all of
/// that which is known to have been synced; anything else is refused as damage.
enum JournalProperties {
    static let settings = JournalSettings(
        segmentBytes: 512,
        maximumBodyBytes: 64,
        maximumUnsyncedBytes: 1024,
        maximumBytes: 64 << 10
    )

    static func check(_ input: UnsafeRawBufferPointer) throws(BrokenPromise) {
        var source = ByteSource(input)
        let mode = source.byte()
        if mode & 1 == 0 {
            try checkFiles(&source, isRepaired: mode & 2 != 0)
        } else {
            try checkDamage(&source, knowsSynced: mode & 2 != 0)
        }
    }

    // MARK: - Any files

    private static func checkFiles(
        _ source: inout ByteSource,
        isRepaired: Bool
    ) throws(BrokenPromise) {
        let storage = MemoryStorage()
        let known = UInt64(source.word()) * 8
        cut(Array(source.rest), isRepaired: isRepaired, into: storage)
        let files = storage.images
        guard let opened = try open(storage, knownSynced: known) else { return }
        let before = JournalImage(files)
        for block in opened.blocks where !files.isEmpty {
            let isThere = before.holds(block.bytes, at: block.position)
            try promise(isThere, "a block at \(block.position) does not stand in the files")
        }
        try promise(known <= max(opened.end, 64), "opens before what is known to be synced")
        try checkAgain(opened, storage)
    }

    /// Cuts bytes into segment files, as their headers say.
    private static func cut(_ bytes: [UInt8], isRepaired: Bool, into storage: MemoryStorage) {
        var rest = bytes[...]
        while rest.count >= JournalImage.segmentHeaderBytes {
            let image = Array(rest)
            let size = JournalImage.u64(image, 24)
            let length = Int(min(max(size, 64), UInt64(image.count)))
            var segment = Array(image[..<length])
            if isRepaired { JournalImage.repair(&segment) }
            storage.put(JournalImage.name(JournalImage.u64(image, 16)), segment)
            rest = rest.dropFirst(length)
        }
    }

    private static func checkAgain(
        _ opened: Opened,
        _ storage: MemoryStorage
    ) throws(BrokenPromise) {
        guard let again = try open(storage, knownSynced: 0) else {
            throw BrokenPromise("what was opened does not open again")
        }
        try promise(again.blocks == opened.blocks, "the second opening finds other blocks")
        try promise(again.end == opened.end, "the second opening ends at \(again.end)")
        try promise(again.torn == 0, "the second opening finds \(again.torn) torn bytes")
        let added: [UInt8] = [1, 2, 3, 4, 5, 6, 7, 8, 9]
        do throws(JournalError) {
            let journal = try Journal(storage: storage, settings: settings)
            let (writer, syncer) = (journal.takeWriter(), journal.takeSyncer())
            _ = added.withUnsafeBytes { writer.append($0) }
            try writer.writeBlock()
            try syncer.sync()
        } catch {
            // The files may claim more than the disk has.
            if case .full = error { return }
            if case .disk = error { return }
            throw BrokenPromise("a journal that opens cannot be written to: \(error)")
        }
        guard let longer = try open(storage, knownSynced: 0) else {
            throw BrokenPromise("what was written to does not open again")
        }
        let bodies = opened.blocks.map(\.bytes) + [added]
        try promise(longer.blocks.map(\.bytes) == bodies, "writing has changed what was there")
    }

    // MARK: - Damage

    private static func checkDamage(
        _ source: inout ByteSource,
        knowsSynced: Bool
    ) throws(BrokenPromise) {
        let storage = MemoryStorage()
        let written: Written
        do throws(JournalError) {
            written = try write(&source, to: storage)
        } catch {
            throw BrokenPromise("a sound disk cannot be written to: \(error)")
        }
        let damaged = damage(&source, storage)
        let known = knowsSynced ? written.synced : 0
        guard let opened = try open(storage, knownSynced: known) else {
            return try promise(damaged > 0, "an undamaged journal is refused")
        }
        let prefix = written.bodies.prefix(opened.blocks.count)
        try promise(
            opened.blocks.map(\.bytes) == Array(prefix),
            "\(opened.blocks.count) blocks are not the beginning of \(written.bodies.count)"
        )
        if damaged == 0 {
            try promise(opened.blocks.count == written.bodies.count, "blocks are lost undamaged")
        }
        if knowsSynced {
            try promise(opened.blocks.count >= written.syncedCount, "a synced block is lost")
        }
        try checkAgain(opened, storage)
    }

    private struct Written {
        var bodies: [[UInt8]] = []
        var synced: UInt64 = 0
        var syncedCount = 0
    }

    private static func write(
        _ source: inout ByteSource,
        to storage: MemoryStorage
    ) throws(JournalError) -> Written {
        var written = Written()
        let journal = try Journal(storage: storage, settings: settings)
        let (writer, syncer) = (journal.takeWriter(), journal.takeSyncer())
        for number in 0..<(source.byte() & 31) {
            let size = source.byte()
            let body = [UInt8](repeating: number &+ 1, count: 1 + Int(size & 63))
            if written.bodies.count % 4 == 3 || size & 128 != 0 {
                try syncer.sync()
                (written.synced, written.syncedCount) =
                    (journal.positions.synced, written.bodies.count)
            }
            _ = body.withUnsafeBytes { writer.append($0) }
            try writer.writeBlock()
            written.bodies.append(body)
        }
        return written
    }

    /// Changes at most 4 bytes, which no checksum misses but by chance; says how many.
    private static func damage(_ source: inout ByteSource, _ storage: MemoryStorage) -> Int {
        var files = storage.images
        let names = files.keys.filter { $0.hasSuffix(".log") }.sorted()
        var damages = 0
        while !source.isAtEnd, damages < 4 {
            let place = Int(source.word())
            let bits = source.byte()
            let name = names[place / 512 % names.count]
            guard bits != 0, let length = files[name]?.count, place % 512 < length else { continue }
            files[name]?[place % 512] ^= bits
            damages += 1
        }
        for (name, bytes) in files { storage.put(name, bytes) }
        return damages
    }

    // MARK: - Opening

    private struct Block: Hashable {
        var position: UInt64
        var bytes: [UInt8]
    }

    private struct Opened {
        var blocks: [Block] = []
        var end: UInt64
        var torn: UInt64
    }

    /// Opens and reads everything; nil when the files are refused as damaged.
    private static func open(
        _ storage: MemoryStorage,
        knownSynced: UInt64
    ) throws(BrokenPromise) -> Opened? {
        let journal: Journal
        do throws(JournalError) {
            journal = try Journal(storage: storage, settings: settings, knownSynced: knownSynced)
        } catch {
            switch error {
            case .corrupted, .missingSegment, .unknownFormat, .disk, .full: return nil
            case .settings, .locked, .behind, .retired, .noBlock:
                throw BrokenPromise("opening says: \(error)")
            }
        }
        let recovered = journal.recovered
        var opened = Opened(end: recovered.endPosition, torn: recovered.tornBytes)
        do throws(JournalError) {
            let reader = try journal.reader(from: recovered.firstPosition)
            while let block = try reader.withNextBlock(
                upTo: recovered.endPosition,
                { position, _, bytes in Block(position: position, bytes: Array(bytes)) }
            ) {
                opened.blocks.append(block)
            }
        } catch {
            throw BrokenPromise("what was recovered cannot be read: \(error)")
        }
        try promise(opened.blocks.count <= recovered.blocks, "more blocks than were recovered")
        return opened
    }
}
