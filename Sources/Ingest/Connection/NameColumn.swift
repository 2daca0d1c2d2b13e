import Glibc
import Quantities

/// What a name was found to mean.
///
/// Layout:      32 bytes, so that two lie in a cache line and none in two.
struct NameMeaning: BitwiseCopyable {
    /// A digest of its text, to tell a repeated report from a conflict.
    let digest: UInt64
    /// Twice the names' version at which it was looked up, and 1 when it was found.
    private var stamp: UInt64 = 0
    /// The account that a key or an organisation stands for.
    private(set) var account = AccountReference(org: 0)

    init(digest: UInt64) {
        self.digest = digest
    }

    /// The number of what is no account.
    var number: UInt32 { account.org }
    /// What else the meaning depends on: the organisation of a project, the provider of a model.
    var context: UInt32 { account.project }
    /// Whether it meant something when it was looked up last.
    var isFound: Bool { stamp & 1 == 1 }

    /// Whether it was found, and no look-up might answer differently by now.
    @inline(__always)
    func isKnown(at version: UInt64) -> Bool { stamp == version << 1 | 1 }

    /// Notes an account; nil leaves what was known before.
    mutating func note(_ account: AccountReference?, at version: UInt64) {
        stamp = version << 1 | stamp & 1
        guard let account else { return }
        self.account = account
        stamp |= 1
    }

    /// Notes a number, or that there is none.
    mutating func note(_ number: UInt32?, context: UInt32 = 0, at version: UInt64) {
        stamp = version << 1 | (number == nil ? 0 : 1)
        account = AccountReference(org: number ?? 0, project: context)
    }
}

/// The names of one kind on one connection.
///
/// Layout:      texts one behind the other, meanings in memory of their own, and an open-addressing
///              table from the texts' hashes to indexes, for those who name by text.
/// Cost:        a known index is one load, a known text a hash and a comparison; nothing is
///              allocated for a name that is known.
struct NameColumn: ~Copyable {
    private var meanings: MeaningMemory
    private(set) var count = 0
    private var texts: [UInt8] = []
    private var ends: [Int] = []
    /// Index + 1 of the name at a place, or 0.
    private var places: [UInt32] = []
    /// The hash of the name at a place.
    private var hashes: [UInt64] = []
    private var placed = 0

    init() {
        meanings = MeaningMemory(capacity: 4)
    }

    mutating func append(_ text: UnsafeRawBufferPointer) {
        if count == meanings.capacity {
            let more = MeaningMemory(capacity: count * 2)
            more.start.moveInitialize(from: meanings.start, count: count)
            meanings = more
        }
        (meanings.start + count).initialize(
            to: NameMeaning(digest: NameColumn.hash(text, seed: NameColumn.digestSeed))
        )
        texts.append(contentsOf: text)
        ends.append(texts.count)
        count += 1
    }

    /// Asks for what is known of a name, some reports before it is needed.
    @inline(__always)
    func prefetch(_ index: UInt32) {
        guard Int(index) < count else { return }
        Prefetch.line(meanings.start + Int(index))
    }

    /// What is known of a name; valid until the next one is added.
    @inline(__always)
    func meaning(_ index: UInt32) -> UnsafeMutablePointer<NameMeaning> {
        invariant(Int(index) < count, "a decoder hands out defined names only")
        return meanings.start + Int(index)
    }

    /// A name's text; nil where there is no such name.
    func text(_ index: UInt32) -> String? {
        guard Int(index) < count else { return nil }
        return String(decoding: texts[bounds(Int(index))], as: UTF8.self)
    }

    private func bounds(_ index: Int) -> Range<Int> {
        (index == 0 ? 0 : ends[index - 1])..<ends[index]
    }
}

// MARK: - By text

extension NameColumn {
    /// Another one in each process, so that nobody can choose texts that fall on one place.
    private static let seed = UInt64.random(in: .min ... .max)

    /// The same for ever: digests of contents are kept in the journal.
    private static let digestSeed: UInt64 = 0x9E37_79B9_7F4A_7C15

    static func hash(_ text: UnsafeRawBufferPointer) -> UInt64 {
        hash(text, seed: seed)
    }

    private static func hash(_ text: UnsafeRawBufferPointer, seed: UInt64) -> UInt64 {
        var value = seed ^ UInt64(text.count)
        var offset = 0
        while offset + 8 <= text.count {
            value = mix(value, text.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
            offset += 8
        }
        var tail: UInt64 = 0
        while offset < text.count {
            tail = tail << 8 | UInt64(text[offset])
            offset += 1
        }
        return mix(mix(value, tail), seed)
    }

    private static func mix(_ value: UInt64, _ word: UInt64) -> UInt64 {
        let product = (value ^ word).multipliedFullWidth(by: 0xD6E8_FEB8_6659_FD93)
        return product.high ^ product.low &+ 0x9E37_79B9_7F4A_7C15
    }

    /// The index of a text that was looked up before, or nil.
    func find(_ text: UnsafeRawBufferPointer, hash: UInt64) -> UInt32? {
        guard !places.isEmpty else { return nil }
        let mask = places.count - 1
        var place = Int(truncatingIfNeeded: hash) & mask
        while places[place] != 0 {
            let index = Int(places[place]) - 1
            if hashes[place] == hash, isText(index, text) { return UInt32(index) }
            place = (place + 1) & mask
        }
        return nil
    }

    /// Makes the name added last found by its text, and gives its index.
    mutating func index(hash: UInt64) -> UInt32 {
        if (placed + 1) * 2 > places.count { rehash() }
        put(UInt32(count), hash)
        return UInt32(count - 1)
    }

    private func isText(_ index: Int, _ text: UnsafeRawBufferPointer) -> Bool {
        let bounds = bounds(index)
        guard bounds.count == text.count else { return false }
        return texts.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress, let other = text.baseAddress else {
                return text.isEmpty
            }
            return memcmp(base + bounds.lowerBound, other, text.count) == 0
        }
    }

    private mutating func put(_ entry: UInt32, _ hash: UInt64) {
        let mask = places.count - 1
        var place = Int(truncatingIfNeeded: hash) & mask
        while places[place] != 0 { place = (place + 1) & mask }
        places[place] = entry
        hashes[place] = hash
        placed += 1
    }

    private mutating func rehash() {
        let old = zip(places, hashes).filter { $0.0 != 0 }
        let size = max(16, places.count * 2)
        places = Array(repeating: 0, count: size)
        hashes = Array(repeating: 0, count: size)
        placed = 0
        for (entry, hash) in old { put(entry, hash) }
    }
}

/// Memory for meanings, freed with its owner.
private struct MeaningMemory: ~Copyable {
    let start: UnsafeMutablePointer<NameMeaning>
    let capacity: Int

    private var byteCount: Int { MeaningMemory.byteCount(capacity) }
    private var isLarge: Bool { byteCount >= LargeMemory.pageBytes }

    init(capacity: Int) {
        let byteCount = MeaningMemory.byteCount(capacity)
        let memory: UnsafeMutableRawPointer
        if byteCount >= LargeMemory.pageBytes {
            memory = LargeMemory.allocate(byteCount: LargeMemory.rounded(byteCount))
            LargeMemory.useLargePages(memory, byteCount: LargeMemory.rounded(byteCount))
        } else {
            memory = .allocate(byteCount: byteCount, alignment: 64)
        }
        start = memory.bindMemory(to: NameMeaning.self, capacity: capacity)
        self.capacity = capacity
    }

    deinit {
        if isLarge {
            LargeMemory.deallocate(start, byteCount: LargeMemory.rounded(byteCount))
        } else {
            UnsafeMutableRawPointer(start).deallocate()
        }
    }

    private static func byteCount(_ capacity: Int) -> Int {
        capacity * MemoryLayout<NameMeaning>.stride
    }
}
