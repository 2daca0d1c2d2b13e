import Dispatch
import Glibc
import Synchronization
import Testing

@testable import Journaling

/// Goal: writer, syncer, reader and retirement work at the same time on the real disk.
///
/// Method: three threads; the reader checks that each block's body follows from its number.
@Suite struct JournalThreadsTests {
    private final class Shared: Sendable {
        let stop = Atomic<Bool>(false)
        let unexpected = Mutex<[String]>([])
        let group = DispatchGroup()

        var goesOn: Bool {
            !stop.load(ordering: .acquiring) && unexpected.withLock(\.isEmpty)
        }

        /// Keeps an error that waiting does not cure.
        func note(_ error: JournalError) {
            sched_yield()
            if !error.isTransient { unexpected.withLock { $0.append(error.description) } }
        }
    }

    @Test func `a reader beside the writer sees every block once and whole`() throws {
        try withDirectory { path in
            let settings = JournalSettings(
                segmentBytes: 1 << 17,
                maximumBodyBytes: 4096,
                maximumUnsyncedBytes: 1 << 15,
                maximumBytes: 1 << 19
            )
            let journal = try Journal(storage: try FileStorage(directory: path), settings: settings)
            let blocks = 1000
            let shared = Shared()
            startWriter(journal, blocks: blocks, shared)
            startSyncer(journal, shared)
            let reader = try journal.reader(from: 0)
            var number = 0
            while number < blocks, shared.goesOn {
                let limit = journal.positions.synced
                var isRight = false
                let end = try reader.withNextBlock(upTo: limit) { _, end, bytes in
                    isRight = bytes.elementsEqual(body(of: number))
                    return end
                }
                guard let end else {
                    sched_yield()
                    continue
                }
                if !isRight || end > limit { Issue.record("block \(number) is not right") }
                number += 1
                if number % 16 == 0 { try journal.retire(below: end) }
            }
            shared.stop.store(true, ordering: .releasing)
            shared.group.wait()
            #expect(shared.unexpected.withLock { $0 } == [])
            #expect(number == blocks)
            #expect(journal.positions.bytesOnDisk <= 1 << 19)
        }
    }

    private func startWriter(_ journal: Journal, blocks: Int, _ shared: Shared) {
        DispatchQueue(label: "journaling.test.writer").async(group: shared.group) {
            let writer = journal.takeWriter()
            var number = 0
            while number < blocks, shared.goesOn {
                if writer.pendingBytes == 0 {
                    let fits = body(of: number).withUnsafeBytes { writer.append($0) }
                    if !fits { shared.unexpected.withLock { $0.append("a block is full") } }
                }
                do throws(JournalError) {
                    try writer.writeBlock()
                    number += 1
                } catch {
                    shared.note(error)
                }
            }
        }
    }

    private func startSyncer(_ journal: Journal, _ shared: Shared) {
        DispatchQueue(label: "journaling.test.syncer").async(group: shared.group) {
            let syncer = journal.takeSyncer()
            while shared.goesOn {
                do throws(JournalError) {
                    try syncer.sync()
                    try syncer.prepareSegment()
                    sched_yield()
                } catch {
                    shared.note(error)
                }
            }
        }
    }
}

/// The body of a numbered block: its length and bytes follow from the number.
private func body(of number: Int) -> [UInt8] {
    [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: 1 + number &* 977 % 4096)
}
