import Glibc
import Journaling
import Synchronization

/// A disk in memory: small, without surprises of its own, whose bytes are there to be changed.
final class MemoryStorage: JournalStorage {
    private let files = Mutex<[String: MemoryFile]>([:])
    /// More than any journal of a harness needs; a file that claims more does not get it.
    static let capacity: UInt64 = 1 << 20

    /// The files' bytes by name.
    var images: [String: [UInt8]] {
        files.withLock { $0.mapValues(\.image) }
    }

    /// Puts a file there, replacing what has its name.
    func put(_ name: String, _ bytes: [UInt8]) {
        files.withLock { $0[name] = MemoryFile(name, bytes) }
    }

    func lock() throws(JournalError) -> any JournalLock { MemoryLock() }

    func names() throws(JournalError) -> [String] { files.withLock { $0.keys.sorted() } }

    func create(_ name: String) throws(JournalError) -> any JournalFile {
        let file = MemoryFile(name, [])
        files.withLock { $0[name] = file }
        return file
    }

    func open(_ name: String) throws(JournalError) -> any JournalFile {
        let file = files.withLock { $0[name] }
        guard let file else { throw .disk(operation: .open, file: name, code: ENOENT) }
        return file
    }

    func rename(_ name: String, to newName: String) throws(JournalError) {
        let file = files.withLock { $0.removeValue(forKey: name) }
        guard let file else { throw .disk(operation: .rename, file: name, code: ENOENT) }
        files.withLock { $0[newName] = file }
    }

    func remove(_ name: String) throws(JournalError) {
        let file = files.withLock { $0.removeValue(forKey: name) }
        if file == nil { throw .disk(operation: .remove, file: name, code: ENOENT) }
    }

    func syncDirectory() throws(JournalError) {}
}

private final class MemoryLock: JournalLock {}

/// A file of a `MemoryStorage`.
private final class MemoryFile: JournalFile {
    private let name: String
    private let bytes: Mutex<[UInt8]>

    init(_ name: String, _ bytes: [UInt8]) {
        self.name = name
        self.bytes = Mutex(bytes)
    }

    var image: [UInt8] { bytes.withLock { $0 } }

    func reserve(_ count: UInt64) throws(JournalError) {
        guard count <= MemoryStorage.capacity else {
            throw .disk(operation: .reserve, file: name, code: ENOSPC)
        }
        bytes.withLock { bytes in
            let missing = max(0, Int(count) - bytes.count)
            bytes += [UInt8](repeating: 0, count: missing)
        }
    }

    func write(_ source: UnsafeRawBufferPointer, at offset: UInt64) throws(JournalError) {
        guard offset + UInt64(source.count) <= MemoryStorage.capacity else {
            throw .disk(operation: .write, file: name, code: ENOSPC)
        }
        bytes.withLock { bytes in
            let start = Int(offset)
            let missing = max(0, start + source.count - bytes.count)
            bytes += [UInt8](repeating: 0, count: missing)
            bytes.withUnsafeMutableBytes { all in
                let place = UnsafeMutableRawBufferPointer(
                    rebasing: all[start..<(start + source.count)]
                )
                place.copyMemory(from: source)
            }
        }
    }

    func read(
        into buffer: UnsafeMutableRawBufferPointer,
        at offset: UInt64
    ) throws(JournalError) -> Int {
        bytes.withLock { bytes in
            guard offset < UInt64(bytes.count) else { return 0 }
            let start = Int(offset)
            let count = min(buffer.count, bytes.count - start)
            bytes.withUnsafeBytes { all in
                buffer.copyMemory(
                    from: UnsafeRawBufferPointer(rebasing: all[start..<(start + count)])
                )
            }
            return count
        }
    }

    func synchronize() throws(JournalError) {}
}
