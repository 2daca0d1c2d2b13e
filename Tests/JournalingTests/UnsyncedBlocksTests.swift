import DiskSimulation
import Testing

@testable import Journaling

/// Goal: the memory of unsynced blocks never overlaps itself and forgets nothing.
///
/// Method: random blocks retained and released, against an array of what must be there.
@Suite struct UnsyncedBlocksTests {
    private struct Kept {
        var offset: Int
        var bytes: Int
        var end: UInt64
    }

    @Test(arguments: [UInt64(1), 2, 3, 4, 5, 6], [512, 520, 1024, 4096])
    func `what is retained stays whole until it is released`(seed: UInt64, capacity: Int) {
        var random = SplitMix(seed: seed)
        let memory = UnsyncedBlocks(capacity: capacity, maximumBodyBytes: 64)
        let regionBytes = UnsyncedBlocks.regionBytes(64)
        var kept: [Kept] = []
        var offset = 0
        var position: UInt64 = 0
        for _ in 0..<3000 {
            let length = random.below(65)
            let bytes = UnsyncedBlocks.leadBytes + BlockHeader.blockBytes(body: length)
            if random.below(3) > 0, let next = memory.place(after: bytes) {
                let region = memory.region(at: offset)
                region.initializeMemory(as: UInt8.self, repeating: 0, count: regionBytes)
                BlockHeader(length: length, position: position, synced: 0)
                    .encode(at: region + UnsyncedBlocks.leadBytes)
                memory.retain(bytes, next: next)
                position += UInt64(BlockHeader.blockBytes(body: length))
                kept.append(Kept(offset: offset, bytes: bytes, end: position))
                offset = next
                let open = offset..<(offset + regionBytes)
                #expect(!kept.contains { open.overlaps($0.offset..<($0.offset + $0.bytes)) })
            } else if random.below(2) == 0, !kept.isEmpty {
                let count = 1 + random.below(kept.count)
                memory.release(upTo: kept[count - 1].end)
                kept.removeFirst(count)
            }
            #expect(ends(of: memory, upTo: position) == kept.map(\.end))
        }
        memory.release(upTo: position)
        #expect(memory.place(after: regionBytes) != nil)
    }

    private func ends(of memory: UnsyncedBlocks, upTo position: UInt64) -> [UInt64] {
        var found: [UInt64] = []
        do {
            try memory.visit(upTo: position, stampedBelow: 1) { (block) throws(JournalError) in
                found.append(block.header.endPosition)
            }
        } catch {
            Issue.record(error)
        }
        return found
    }
}
