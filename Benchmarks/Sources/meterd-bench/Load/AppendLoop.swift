import Dispatch
import Glibc
import Synchronization

/// The baseline of the journal: reads sockets, appends to a file, syncs; counts and checks nothing.
struct AppendLoop: Sendable {
    let sockets: [Socket]
    let file: String
    /// How many syncs there are in all, evenly spread over the bytes; nil for as many as the disk
    /// can, one after the other in a thread beside.
    let syncs: Int?
    let expectedBytes: Int

    private static let readBytes = 256 << 10

    /// What a run did.
    struct Outcome: Sendable {
        var syncs = 0
        var cpuNanoseconds: UInt64 = 0
    }

    /// Runs until every sender has ended and all bytes are durable.
    func run() throws -> Outcome {
        let start = Clock.threadNanoseconds
        let output = open(file, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0o600)
        guard output >= 0 else { throw BenchError("cannot make \(file): \(BenchError.reason())") }
        defer {
            close(output)
            unlink(file)
        }
        // The journal's segments are allocated ahead as well.
        posix_fallocate(output, 0, expectedBytes)
        var outcome = Outcome()
        let beside = syncs == nil ? SyncBeside(output) : nil
        let interval = max(expectedBytes / max(syncs ?? 1, 1), 1)
        var unsynced = 0
        let buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: AppendLoop.readBytes,
            alignment: 4096
        )
        defer { buffer.deallocate() }
        var entries = sockets.map { pollfd(fd: $0.descriptor, events: Int16(POLLIN), revents: 0) }
        while !entries.isEmpty {
            poll(&entries, nfds_t(entries.count), -1)
            for index in entries.indices.reversed() where entries[index].revents != 0 {
                let count = recv(entries[index].fd, buffer.baseAddress, buffer.count, 0)
                if count <= 0 {
                    entries.remove(at: index)
                    continue
                }
                try append(UnsafeRawBufferPointer(rebasing: buffer[..<count]), to: output)
                unsynced += count
                if let beside {
                    beside.request()
                } else if unsynced >= interval {
                    fdatasync(output)
                    outcome.syncs += 1
                    unsynced -= interval
                }
            }
        }
        outcome.syncs += try beside?.end() ?? 0
        fdatasync(output)
        outcome.syncs += 1
        outcome.cpuNanoseconds = Clock.threadNanoseconds - start
        return outcome
    }

    private func append(_ bytes: UnsafeRawBufferPointer, to output: Int32) throws {
        var written = 0
        while written < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[written...])
            let count = write(output, rest.baseAddress, rest.count)
            guard count > 0 else { throw BenchError("cannot write: \(BenchError.reason())") }
            written += count
        }
    }
}

/// Syncs a file in a thread of its own: again whenever something was written since the last time.
private final class SyncBeside: Sendable {
    private let wanted = DispatchSemaphore(value: 0)
    private let isWanted = Atomic<Bool>(false)
    private let isEnding = Atomic<Bool>(false)
    private let worker = Mutex<Worker<Int>?>(nil)

    init(_ file: Int32) {
        let worker = Worker { [self] in
            var count = 0
            while true {
                wanted.wait()
                if isEnding.load(ordering: .acquiring) { return count }
                isWanted.store(false, ordering: .sequentiallyConsistent)
                fdatasync(file)
                count += 1
            }
        }
        self.worker.withLock { $0 = worker }
    }

    /// Asks for a sync of what is written; many requests become one sync.
    func request() {
        if !isWanted.exchange(true, ordering: .sequentiallyConsistent) { wanted.signal() }
    }

    /// Ends the thread; gives how many syncs there were.
    func end() throws -> Int {
        isEnding.store(true, ordering: .releasing)
        wanted.signal()
        return try worker.withLock { try $0?.join() ?? 0 }
    }
}
