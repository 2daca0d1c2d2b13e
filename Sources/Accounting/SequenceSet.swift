import Quantities

/// The sequences of one producer that are safe: all up to `contiguous`, and those seen ahead of it.
///
/// Layout:      `contiguous | chunk | chunk | ...`, where a chunk is a bitmap of 1,024 sequences
///              beginning at a multiple of 1,024.
/// Invariants:  no bit stands for a sequence up to `contiguous + 1`; no chunk is empty; chunks are
///              in ascending order. So equal sets have equal representations.
/// Cost:        an insertion in order touches one word; one chunk more is allocated for every 1,024
///              sequences seen ahead.
/// Why:         a producer counts without gaps, but its events pass several shards and meet the
///              journal out of order; a set of all numbers would never stop growing.
public struct SequenceSet: Sendable, Hashable {
    /// Every sequence from 1 up to this one is in the set.
    public private(set) var contiguous: UInt64

    private var chunks: [UInt64] = []
    private var words: [UInt64] = []

    private static let wordsPerChunk = 16
    private static let bitsPerChunk: UInt64 = 1024
    private static let bytesPerChunk = 8 * (1 + wordsPerChunk)

    /// Makes the set of the sequences 1 up to a number.
    ///
    /// - Parameter contiguous: The last one of them; 0 for an empty set.
    public init(contiguous: UInt64 = 0) {
        self.contiguous = contiguous
    }

    /// Whether there is none ahead of the contiguous ones.
    public var isContiguous: Bool { chunks.isEmpty }

    /// The highest sequence in the set; 0 when it is empty.
    public var highest: UInt64 {
        guard let chunk = chunks.last else { return contiguous }
        for index in stride(from: words.count - 1, to: words.count - 17, by: -1)
        where words[index] != 0 {
            let bit = UInt64(63 - words[index].leadingZeroBitCount)
            let word = UInt64(index - (words.count - SequenceSet.wordsPerChunk))
            return chunk * SequenceSet.bitsPerChunk + word * 64 + bit
        }
        invariantBroken("a chunk is never empty")
    }

    /// Whether a sequence is in the set.
    ///
    /// - Parameter sequence: From 1; 0 is in no set.
    /// - Returns: True for a sequence that was inserted, or is not above `contiguous`.
    public func contains(_ sequence: UInt64) -> Bool {
        if sequence <= contiguous { return sequence != 0 }
        let chunk = sequence / SequenceSet.bitsPerChunk
        let index = lowerBound(chunk)
        guard index < chunks.count, chunks[index] == chunk else { return false }
        return words[wordIndex(index, sequence)] & bit(sequence) != 0
    }

    /// Adds a sequence.
    ///
    /// - Parameter sequence: From 1; 0 stands for "none" and is never added.
    /// - Returns: Whether it was new.
    @discardableResult
    public mutating func insert(_ sequence: UInt64) -> Bool {
        if sequence <= contiguous { return false }
        if sequence == contiguous + 1 {
            contiguous = sequence
            if !chunks.isEmpty { absorb() }
            return true
        }
        let chunk = sequence / SequenceSet.bitsPerChunk
        let index = lowerBound(chunk)
        if index == chunks.count || chunks[index] != chunk {
            chunks.insert(chunk, at: index)
            words.insert(
                contentsOf: repeatElement(0, count: SequenceSet.wordsPerChunk),
                at: index * SequenceSet.wordsPerChunk
            )
        }
        let word = wordIndex(index, sequence)
        let isNew = words[word] & bit(sequence) == 0
        words[word] |= bit(sequence)
        return isNew
    }

    /// Moves what now follows without a gap from the bitmap into `contiguous`.
    private mutating func absorb() {
        while let chunk = chunks.first, contiguous < .max {
            let next = contiguous + 1
            guard chunk == next / SequenceSet.bitsPerChunk else { return }
            let word = wordIndex(0, next)
            let shift = next % 64
            let run = UInt64((~(words[word] >> shift)).trailingZeroBitCount)
            // A shifted word has zeros on top, so a run never claims more bits than there are.
            let taken = min(run, 64 - shift)
            if taken == 0 { return }
            let mask: UInt64 = taken == 64 ? .max : ((1 << taken) - 1) << shift
            words[word] &= ~mask
            contiguous += taken
            dropFirstChunkIfEmpty()
            if taken < 64 - shift { return }
        }
    }

    private mutating func dropFirstChunkIfEmpty() {
        for index in 0..<SequenceSet.wordsPerChunk where words[index] != 0 { return }
        chunks.removeFirst()
        words.removeFirst(SequenceSet.wordsPerChunk)
    }

    private func lowerBound(_ chunk: UInt64) -> Int {
        // Most insertions are in the last chunk or right behind it.
        guard let last = chunks.last, last >= chunk else { return chunks.count }
        var low = 0
        var high = chunks.count - 1
        while low < high {
            let middle = (low + high) / 2
            if chunks[middle] < chunk { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private func wordIndex(_ chunkIndex: Int, _ sequence: UInt64) -> Int {
        chunkIndex * SequenceSet.wordsPerChunk + Int(sequence % SequenceSet.bitsPerChunk / 64)
    }

    private func bit(_ sequence: UInt64) -> UInt64 {
        1 << (sequence % 64)
    }
}

// MARK: - Bytes

extension SequenceSet {
    /// The sequences ahead as bytes; empty when there are none.
    ///
    /// Layout: for each chunk u64 number, then 16 words u64 of its bitmap, all little-endian; bit
    /// b of word w stands for the sequence `number * 1024 + w * 64 + b`.
    public var aheadBytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(chunks.count * SequenceSet.bytesPerChunk)
        for (index, chunk) in chunks.enumerated() {
            withUnsafeBytes(of: chunk.littleEndian) { bytes.append(contentsOf: $0) }
            for word in 0..<SequenceSet.wordsPerChunk {
                let value = words[index * SequenceSet.wordsPerChunk + word]
                withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
            }
        }
        return bytes
    }

    /// Reads a set back, or nil when the bytes are none.
    ///
    /// - Parameters:
    ///   - contiguous: The last sequence of those without a gap.
    ///   - aheadBytes: What `aheadBytes` gave.
    public init?(contiguous: UInt64, aheadBytes: some Collection<UInt8>) {
        self.contiguous = contiguous
        guard aheadBytes.count % SequenceSet.bytesPerChunk == 0 else { return nil }
        var values: [UInt64] = []
        var value: UInt64 = 0
        for (index, byte) in aheadBytes.enumerated() {
            value |= UInt64(byte) << UInt64(index % 8 * 8)
            if index % 8 == 7 {
                values.append(value)
                value = 0
            }
        }
        for start in stride(from: 0, to: values.count, by: 1 + SequenceSet.wordsPerChunk) {
            chunks.append(values[start])
            words.append(contentsOf: values[start + 1...start + SequenceSet.wordsPerChunk])
        }
        guard isCanonical else { return nil }
    }

    private var isCanonical: Bool {
        for index in chunks.indices {
            let start = index * SequenceSet.wordsPerChunk
            let bitmap = words[start..<start + SequenceSet.wordsPerChunk]
            guard chunks[index] <= .max / SequenceSet.bitsPerChunk,
                bitmap.contains(where: { $0 != 0 }),
                index == 0 || chunks[index - 1] < chunks[index]
            else { return false }
        }
        guard let first = chunks.first else { return true }
        let base = first * SequenceSet.bitsPerChunk
        for word in 0..<SequenceSet.wordsPerChunk where words[word] != 0 {
            let lowest = base + UInt64(word * 64 + words[word].trailingZeroBitCount)
            return contiguous < .max && lowest > contiguous + 1
        }
        return false
    }
}
