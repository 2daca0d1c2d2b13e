import Quantities

/// Many short texts, one after the other in large pages.
///
/// Layout:      a text is a length of two bytes and its UTF-8; it never crosses a page. A reference
///              is the page's number and the offset in it.
/// Invariants:  a text is at most 65,535 bytes, as in a record; references stay valid for ever.
/// Cost:        two bytes beside the text itself, where a `String` takes 16 or an allocation.
struct TextArena {
    /// Where a text lies.
    typealias Reference = UInt32

    private static let offsetBits = 20
    private static let pageBytes = 1 << offsetBits

    private var pages: [[UInt8]] = []

    /// Keeps a text.
    mutating func add(_ text: String) -> Reference {
        var text = text
        return text.withUTF8 { add($0) }
    }

    private mutating func add(_ text: UnsafeBufferPointer<UInt8>) -> Reference {
        invariant(text.count <= 65_535, "a text in a record is at most 65,535 bytes")
        let needed = text.count + 2
        if pages.isEmpty || pages[pages.count - 1].count + needed > TextArena.pageBytes {
            invariant(pages.count < 1 << (32 - TextArena.offsetBits), "texts fit 4 GiB")
            pages.append([])
            pages[pages.count - 1].reserveCapacity(TextArena.pageBytes)
        }
        let page = pages.count - 1
        let reference = UInt32(page << TextArena.offsetBits | pages[page].count)
        pages[page].append(UInt8(truncatingIfNeeded: text.count))
        pages[page].append(UInt8(truncatingIfNeeded: text.count >> 8))
        pages[page].append(contentsOf: text)
        return reference
    }

    /// Puts another text in the place of one, at the same place if it has the same length.
    mutating func replace(_ reference: Reference, by text: String) -> Reference {
        let count = withBytes(reference) { $0.count }
        var text = text
        return text.withUTF8 { new in
            guard new.count == count else { return add(new) }
            let (page, offset) = TextArena.place(reference)
            for index in 0..<count { pages[page][offset + 2 + index] = new[index] }
            return reference
        }
    }

    /// The text behind a reference.
    func text(_ reference: Reference) -> String {
        withBytes(reference) { String(decoding: $0, as: UTF8.self) }
    }

    /// Whether the text behind a reference is this one, byte for byte.
    func matches(_ reference: Reference, _ text: UnsafeBufferPointer<UInt8>) -> Bool {
        withBytes(reference) { $0.elementsEqual(text) }
    }

    /// Hands the bytes of a text over.
    func withBytes<Result>(
        _ reference: Reference,
        _ body: (UnsafeBufferPointer<UInt8>) -> Result
    ) -> Result {
        let (page, offset) = TextArena.place(reference)
        return pages[page].withUnsafeBufferPointer { bytes in
            let count = Int(bytes[offset]) | Int(bytes[offset + 1]) << 8
            return body(UnsafeBufferPointer(rebasing: bytes[offset + 2..<offset + 2 + count]))
        }
    }

    private static func place(_ reference: Reference) -> (page: Int, offset: Int) {
        (Int(reference) >> offsetBits, Int(reference) & (pageBytes - 1))
    }
}
