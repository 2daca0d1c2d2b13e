import Glibc
import Testing

@testable import Journaling

/// Goal: the real disk does what the simulated one promises.
@Suite struct FileStorageTests {
    @Test func `a journal on the real disk is written, reopened and read`() throws {
        try withDirectory { path in
            let settings = JournalSettings(
                segmentBytes: 1 << 16,
                maximumBodyBytes: 4096,
                maximumUnsyncedBytes: 1 << 16,
                maximumBytes: 1 << 20
            )
            for life in 0..<3 {
                let bench = try Bench(try FileStorage(directory: path), settings)
                for number in 0..<40 {
                    try bench.write(UInt8(life * 40 + number), count: 1 + number * 97 % 4096)
                    if number % 5 == 4 {
                        try bench.syncer.sync()
                        try bench.syncer.prepareSegment()
                    }
                }
                try bench.writer.seal()
            }
            let bench = try Bench(try FileStorage(directory: path), settings)
            #expect(try bench.blocks().map { $0.bytes[0] } == (0..<120).map { UInt8($0) })
            #expect(bench.journal.recovered.segments > 2)
            try bench.journal.retire(below: bench.journal.positions.synced)
            let names = try FileStorage(directory: path).names().sorted()
            #expect(names.first == "LOCK")
            #expect(names.last == SegmentName.spare)
            #expect(names.count == 3)
        }
    }

    @Test func `a second opener of a directory is refused`() throws {
        try withDirectory { path in
            let first = try Journal(storage: try FileStorage(directory: path))
            #expect(throws: JournalError.locked(directory: path)) {
                try Journal(storage: try FileStorage(directory: path))
            }
            #expect(first.positions.written == 64)
        }
    }

    @Test func `a segment takes its disk space when it is created`() throws {
        try withDirectory { path in
            let journal = try Journal(storage: try FileStorage(directory: path))
            var status = stat()
            #expect(stat(path + "/" + SegmentName.text(0), &status) == 0)
            #expect(status.st_size == 64 << 20)
            #expect(status.st_blocks >= 64 << 11)
            #expect(journal.positions.bytesOnDisk == 64 << 20)
        }
    }

    @Test func `faults carry what was tried and why it failed`() throws {
        #expect(
            throws: JournalError.disk(operation: .openDirectory, file: "/proc/x/y", code: ENOENT)
        ) {
            try FileStorage(directory: "/proc/x/y")
        }
        try withDirectory { path in
            let storage = try FileStorage(directory: path)
            let fault = JournalError.disk(operation: .open, file: path + "/none", code: ENOENT)
            #expect(throws: fault) { try storage.open("none") }
            #expect(throws: JournalError.self) { try storage.remove("none") }
            #expect(throws: JournalError.self) { try storage.rename("none", to: "other") }
        }
    }

    @Test func `a file gives back what was written and ends where it ends`() throws {
        try withDirectory { path in
            let storage = try FileStorage(directory: path)
            let file = try storage.create("file")
            try file.write([1, 2, 3, 4])
            let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 10, alignment: 8)
            defer { buffer.deallocate() }
            #expect(try file.read(into: buffer, at: 1) == 3)
            #expect(try file.read(into: buffer, at: 100) == 0)
            #expect(Array(buffer[..<3]) == [2, 3, 4])
            try file.synchronize()
            try storage.syncDirectory()
        }
    }
}

/// Runs a body with a directory that does not exist yet, and removes it afterwards.
func withDirectory(_ body: (String) throws -> Void) throws {
    var template = Array("/tmp/meterd-journal-XXXXXX".utf8CString)
    guard let made = mkdtemp(&template) else {
        throw JournalError.disk(operation: .openDirectory, file: "/tmp", code: errno)
    }
    let parent = String(cString: made)
    let path = parent + "/journal"
    defer {
        let names = (try? FileStorage(directory: path).names()) ?? []
        for name in names { unlink(path + "/" + name) }
        rmdir(path)
        rmdir(parent)
    }
    try body(path)
}
