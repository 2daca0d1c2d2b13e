import Glibc

/// The baseline of the journal: reads sockets, appends to a file, syncs; counts and checks nothing.
struct AppendLoop: Sendable {
    let sockets: [Socket]
    let file: String
    /// How many syncs there are in all, evenly spread over the bytes.
    let syncs: Int
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
        let interval = max(expectedBytes / max(syncs, 1), 1)
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
                if unsynced >= interval {
                    fdatasync(output)
                    outcome.syncs += 1
                    unsynced -= interval
                }
            }
        }
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
