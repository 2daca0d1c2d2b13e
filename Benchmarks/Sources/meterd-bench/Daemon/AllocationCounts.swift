import Foundation

/// Reads what `AllocationShim.c` counts in a running daemon; the layout is that file's.
final class AllocationCounts {
    /// The queues that every event goes through; what the store does is not among it.
    static let dataPlane = ["meterd.ingest", "meterd.shard", "meterd.journal", "meterd.sync"]

    /// The queue that makes the journal's next segment while the present one fills.
    static let segments = "meterd.segments"

    private static let magic: UInt64 = 0x434F_4C4C_4154_4D4D
    private static let version: UInt32 = 1
    private static let slotsOffset = 64
    private static let slotBytes = 128
    private static let stackHead = 32

    private let memory: UnsafeMutableRawBufferPointer
    private let slots: Int
    private let stacks: Int
    private let stackBytes: Int
    private let program: String

    /// What one queue has taken from the heap so far.
    struct Count {
        var allocations: UInt64 = 0
        var bytes: UInt64 = 0
    }

    init(_ daemon: DaemonProcess) throws {
        let path = daemon.settings.counts
        program = daemon.settings.program
        let file = open(path, O_RDWR | O_CLOEXEC)
        guard file >= 0 else {
            throw BenchError("the library that counts allocations was not loaded: no \(path)")
        }
        defer { close(file) }
        var status = stat()
        fstat(file, &status)
        let length = Int(status.st_size)
        guard length > AllocationCounts.slotsOffset,
            let base = mmap(nil, length, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0),
            base != MAP_FAILED
        else { throw BenchError("cannot map \(path): \(BenchError.reason())") }
        let memory = UnsafeMutableRawBufferPointer(start: base, count: length)
        self.memory = memory
        func word(_ offset: Int) -> UInt32 { memory.load(fromByteOffset: offset, as: UInt32.self) }
        slots = Int(word(12))
        stacks = Int(word(16))
        stackBytes = AllocationCounts.stackHead + Int(word(20)) * 8
        guard memory.load(as: UInt64.self) == AllocationCounts.magic,
            word(8) == AllocationCounts.version
        else { throw BenchError("\(path) is of another version of the library") }
        guard word(40) == 1 else {
            throw BenchError("the library does not find the names of meterd's queues")
        }
    }

    deinit {
        munmap(memory.baseAddress, memory.count)
    }

    /// What each queue has taken by now.
    var byQueue: [String: Count] {
        var counts: [String: Count] = [:]
        for slot in 0..<slots {
            guard let label = label(slot) else { continue }
            let numbers = AllocationCounts.slotsOffset + slot * AllocationCounts.slotBytes + 56
            func number(_ index: Int) -> UInt64 {
                memory.load(fromByteOffset: numbers + index * 8, as: UInt64.self)
            }
            // malloc, calloc, realloc, aligned and mapped; freed is index 5.
            counts[label] = Count(
                allocations: (0..<5).reduce(0) { $0 + number($1) },
                bytes: number(6)
            )
        }
        return counts
    }

    /// Whether call stacks are kept as well; it costs a lot.
    func keepStacks(_ on: Bool) {
        memory.storeBytes(of: on ? 1 : 0, toByteOffset: 32, as: UInt32.self)
    }

    /// Where the data plane's allocations came from while stacks were kept, the most frequent
    /// first, as text.
    func callSites() -> String {
        let found = keptStacks().sorted { $0.count > $1.count }
        let addresses = Array(Set(found.flatMap(\.addresses)))
        let names = Symbolizer.names(addresses, in: program)
        let nameOf = Dictionary(uniqueKeysWithValues: zip(addresses, names))
        let texts = found.map { stack in
            let head =
                "\(stack.count) times, \(stack.bytes) bytes the first time, in \(stack.label)"
            let frames = stack.addresses.map { "    \(nameOf[$0] ?? "")" }
            return ([head] + frames).joined(separator: "\n")
        }
        return texts.joined(separator: "\n\n") + "\n"
    }

    private struct Stack {
        var label: String
        var count: UInt64
        var bytes: UInt64
        /// Of the calls, not where they return to; from the program's beginning.
        var addresses: [UInt64]
    }

    private func keptStacks() -> [Stack] {
        let base = memory.load(fromByteOffset: 24, as: UInt64.self)
        let start = AllocationCounts.slotsOffset + slots * AllocationCounts.slotBytes
        return (0..<stacks).compactMap { index in
            let stack = start + index * stackBytes
            let depth = Int(memory.load(fromByteOffset: stack + 12, as: UInt32.self))
            let slot = Int(memory.load(fromByteOffset: stack + 8, as: UInt32.self))
            guard depth > 0, let label = label(slot), AllocationCounts.isDataPlane(label) else {
                return nil
            }
            return Stack(
                label: label,
                count: memory.load(fromByteOffset: stack + 16, as: UInt64.self),
                bytes: memory.load(fromByteOffset: stack + 24, as: UInt64.self),
                addresses: (0..<depth).map { frame in
                    let offset = stack + AllocationCounts.stackHead + frame * 8
                    return memory.load(fromByteOffset: offset, as: UInt64.self) &- base &- 1
                }
            )
        }
    }

    static func isDataPlane(_ label: String) -> Bool {
        dataPlane.contains { label.hasPrefix($0) }
    }

    private func label(_ slot: Int) -> String? {
        let offset = AllocationCounts.slotsOffset + slot * AllocationCounts.slotBytes
        guard memory.load(fromByteOffset: offset, as: UInt32.self) == 2 else { return nil }
        let bytes = memory[(offset + 8)..<(offset + 56)].prefix { $0 != 0 }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// Names of functions for addresses, by the toolchain's own programs.
enum Symbolizer {
    /// A line for each address; the addresses themselves when there is no `llvm-symbolizer`.
    static func names(_ addresses: [UInt64], in program: String) -> [String] {
        let texts = addresses.map { "0x" + String($0, radix: 16) }
        let found = output(
            ["llvm-symbolizer", "--obj=\(program)", "--no-inlines", "--basenames"]
                + ["--output-style=GNU", "--pretty-print"],
            input: texts
        )
        guard found.count == texts.count else { return texts }
        let names = output(["swift", "demangle", "--compact", "--simplified"], input: found)
        return names.count == texts.count ? names : found
    }

    private static func output(_ command: [String], input: [String]) -> [String] {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = command
        let (pipe, source) = (Pipe(), Pipe())
        process.standardOutput = pipe
        process.standardInput = source
        process.standardError = FileHandle.nullDevice
        do {
            try process.run()
        } catch {
            return []
        }
        let text = Data((input.joined(separator: "\n") + "\n").utf8)
        // Beside, as both ways have a bounded pipe.
        let writer = Worker {
            source.fileHandleForWriting.write(text)
            try source.fileHandleForWriting.close()
        }
        let bytes = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        do {
            try writer.join()
        } catch {
            return []
        }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
    }
}
