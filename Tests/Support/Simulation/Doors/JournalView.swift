import DiskSimulation
import Glibc
import Journaling
import Quantities

/// The simulated disk as an onlooker sees it: no call of his fails or counts.
struct JournalView: JournalStorage {
    let disk: SimulatedDisk

    private final class File: JournalFile {
        let disk: SimulatedDisk
        let inode: Int

        init(_ disk: SimulatedDisk, _ inode: Int) {
            self.disk = disk
            self.inode = inode
        }

        func reserve(_ bytes: UInt64) {}
        func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) {}
        func synchronize() {}

        func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) -> Int {
            disk.peek(inode, at: Int(offset), into: buffer)
        }
    }

    private final class Lock: JournalLock {}

    func lock() -> any JournalLock { Lock() }
    func names() -> [String] { disk.fileNames }

    func create(_ name: String) throws(JournalError) -> any JournalFile { try open(name) }

    func open(_ name: String) throws(JournalError) -> any JournalFile {
        guard let inode = disk.inode(of: name) else {
            throw .disk(operation: .open, file: name, code: ENOENT)
        }
        return File(disk, inode)
    }

    func rename(_ name: String, to newName: String) {}
    func remove(_ name: String) {}
    func syncDirectory() {}
}
