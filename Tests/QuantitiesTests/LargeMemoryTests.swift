import Quantities
import Testing

@Suite struct LargeMemoryTests {
    @Test func `it begins at a large page, is zero, and keeps what is in it when it moves`() {
        let byteCount = 2 * LargeMemory.pageBytes
        let memory = LargeMemory.allocate(byteCount: byteCount)
        defer { LargeMemory.deallocate(memory, byteCount: byteCount) }
        #expect(UInt(bitPattern: memory) % UInt(LargeMemory.pageBytes) == 0)
        let words = memory.assumingMemoryBound(to: UInt64.self)
        let count = byteCount / 8
        for index in stride(from: 0, to: count, by: 509) {
            #expect(words[index] == 0)
            words[index] = UInt64(index) + 1
        }
        LargeMemory.useLargePages(memory, byteCount: byteCount)
        let isKept = stride(from: 0, to: count, by: 509).allSatisfy { index in
            words[index] == UInt64(index) + 1
        }
        #expect(isKept)
        #expect(words[count - 1] == 0 || (count - 1) % 509 == 0)
    }

    @Test func `sizes are rounded up to whole large pages`() {
        #expect(LargeMemory.rounded(1) == LargeMemory.pageBytes)
        #expect(LargeMemory.rounded(LargeMemory.pageBytes) == LargeMemory.pageBytes)
        #expect(LargeMemory.rounded(LargeMemory.pageBytes + 1) == 2 * LargeMemory.pageBytes)
    }
}
