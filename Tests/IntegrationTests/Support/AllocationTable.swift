import DaemonHarness
import Foundation
import Glibc

/// Counts what a daemon takes from the heap, by the queue that takes it.
///
/// `Benchmarks/Sources/AllocationShim` does the counting, loaded into the daemon; the layout is
/// that file's. The daemon's folder must not go before this.
final class AllocationTable {
    private static let magic: UInt64 = 0x434F_4C4C_4154_4D4D
    private static let slots = 256
    private static let slotBytes = 128
    private static let slotsOffset = 64

    private let bytes: UnsafeRawBufferPointer

    /// Builds the library in a folder.
    ///
    /// - Returns: What a daemon's environment must have, and the file that it will count into.
    static func prepare(
        in folder: ScratchFolder
    ) throws -> (variables: [String: String], file: String) {
        let library = "\(folder.path)/allocation-shim.so"
        let source = Rates.root + "/Benchmarks/Sources/AllocationShim/AllocationShim.c"
        let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
        // The toolchain always has a clang.
        let compiler = try ChildProcess(
            ["/usr/bin/env", "clang", "-O2", "-fPIC", "-shared", "-ftls-model=initial-exec"]
                + ["-o", library, source],
            environment: ["PATH": path],
            log: "\(folder.path)/compiler.log"
        )
        let end = try compiler.waitForEnd(within: 60)
        guard end == .exited(0) else {
            let log = try String(contentsOfFile: "\(folder.path)/compiler.log", encoding: .utf8)
            throw HarnessError("\(source) is not built: \(end)\n\(log)")
        }
        let file = "\(folder.path)/allocations"
        return (["LD_PRELOAD": library, "ALLOCATION_SHIM_FILE": file], file)
    }

    /// Looks at what a running daemon counts.
    init(_ file: String) throws {
        let descriptor = open(file, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw HarnessError("the daemon does not count: no \(file)") }
        defer { close(descriptor) }
        let length = Self.slotsOffset + Self.slots * Self.slotBytes
        guard let base = mmap(nil, length, PROT_READ, MAP_SHARED, descriptor, 0),
            base != MAP_FAILED
        else { throw HarnessError("\(file) cannot be mapped (errno \(errno))") }
        bytes = UnsafeRawBufferPointer(start: base, count: length)
        guard bytes.load(as: UInt64.self) == Self.magic,
            bytes.load(fromByteOffset: 8, as: UInt32.self) == 1,
            bytes.load(fromByteOffset: 40, as: UInt32.self) == 1
        else { throw HarnessError("\(file) is not as this test expects") }
    }

    deinit {
        munmap(UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count)
    }

    /// Allocations so far, by the label of the queue.
    var byQueue: [String: Int] {
        var counts: [String: Int] = [:]
        for slot in 0..<Self.slots {
            let start = Self.slotsOffset + slot * Self.slotBytes
            guard bytes.load(fromByteOffset: start, as: UInt32.self) == 2 else { continue }
            let label = bytes[(start + 8)..<(start + 56)].prefix { $0 != 0 }
            // malloc, calloc, realloc, aligned and mapped.
            let numbers = (0..<5).map {
                Int(bytes.load(fromByteOffset: start + 56 + $0 * 8, as: UInt64.self))
            }
            counts[String(decoding: label, as: UTF8.self)] = numbers.reduce(0, +)
        }
        return counts
    }

    /// The same of the queues that every event goes through: all but the store's.
    var dataPlane: [String: Int] {
        let queues = ["meterd.ingest", "meterd.shard", "meterd.journal", "meterd.sync"]
        return byQueue.filter { entry in queues.contains { entry.key.hasPrefix($0) } }
    }
}
