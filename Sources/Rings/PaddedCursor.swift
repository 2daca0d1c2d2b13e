import Synchronization

/// A position that only grows, alone on its cache lines.
///
/// Layout:      120 bytes of padding, the atomic, 120 bytes of padding: wherever the whole begins,
///              no other field shares the two lines (prefetchers fetch pairs) around the atomic.
/// Order:       every use names its own order and the side that it pairs with.
/// Why:         without padding each publish would take the line away from the other side.
@usableFromInline
struct PaddedCursor: ~Copyable, Sendable {
    private let before = InlineArray<15, UInt64>(repeating: 0)
    @usableFromInline let value = Atomic<UInt64>(0)
    private let after = InlineArray<15, UInt64>(repeating: 0)

    init() {}
}
