import Quantities
import Wire

/// A first-in, first-out list that keeps its memory.
struct Fifo<Element> {
    private var elements: [Element] = []
    private var head = 0

    var isEmpty: Bool { head == elements.count }
    var count: Int { elements.count - head }
    var first: Element? { isEmpty ? nil : elements[head] }

    subscript(offset: Int) -> Element { elements[head + offset] }

    mutating func append(_ element: Element) {
        elements.append(element)
    }

    mutating func removeFirst() -> Element {
        let element = elements[head]
        head += 1
        if head == elements.count {
            elements.removeAll(keepingCapacity: true)
            head = 0
        } else if head >= 1024, head * 2 >= elements.count {
            elements.removeFirst(head)
            head = 0
        }
        return element
    }

    /// Takes out all elements that match, which are asked about from the youngest to the oldest.
    mutating func removeAll(where isMeant: (Element) -> Bool) {
        var kept: [Element] = []
        for element in elements[head...].reversed() where !isMeant(element) { kept.append(element) }
        elements.replaceSubrange(0..., with: kept.reversed())
        head = 0
    }

    /// Takes out the youngest element that matches.
    mutating func removeLast(where isMeant: (Element) -> Bool) {
        guard let index = elements[head...].lastIndex(where: isMeant) else { return }
        elements.remove(at: index)
    }
}

/// Which sequences wait for which turn of the loop to be safe on disk.
///
/// A turn's events went into the command rings before the turn's end; so they are safe when the
/// journal has passed, for every shard, the ring position at the turn's end.
struct AckQueue {
    struct Entry {
        let turn: UInt64
        let origin: Origin
        let sequence: UInt64
    }

    struct IDEntry {
        let turn: UInt64
        let origin: Origin
        let id: ShortText
        /// Behind the report in the ring to its shard.
        let position: UInt64
    }

    struct StoredEntry {
        let position: UInt64
        let origin: Origin
        let sequence: UInt64
    }

    private var turns = Fifo<UInt64>()
    private var positions = Fifo<UInt64>()
    private let shards: Int
    private var lastTurn: UInt64 = 0
    private var safeTurn: UInt64 = 0
    private var lastNoted: UInt64 = 0
    private var entries = Fifo<Entry>()
    private var ids = Fifo<IDEntry>()
    private var stored = Fifo<StoredEntry>()
    /// From so many entries on they are thinned out.
    private var mostStored = AckQueue.fewestStored

    private static let fewestStored = 16_384
    private static let shortestStretch: UInt64 = 65_536

    init(shards: Int) {
        self.shards = shards
    }

    /// The turn that is going on.
    var currentTurn: UInt64 { lastTurn + 1 }
    var isEmpty: Bool { entries.isEmpty && ids.isEmpty && stored.isEmpty }
    var waitsForStore: Bool { !stored.isEmpty }
    /// How many acknowledgements wait for PostgreSQL.
    var storedCount: Int { stored.count }

    mutating func note(_ sequence: UInt64, of origin: Origin) {
        lastNoted = currentTurn
        entries.append(Entry(turn: currentTurn, origin: origin, sequence: sequence))
    }

    mutating func note(_ id: ShortText, of origin: Origin, at position: UInt64) {
        lastNoted = currentTurn
        ids.append(IDEntry(turn: currentTurn, origin: origin, id: id, position: position))
    }

    mutating func noteStored(_ sequence: UInt64, of origin: Origin, after position: UInt64) {
        stored.append(StoredEntry(position: position, origin: origin, sequence: sequence))
        if stored.count >= mostStored { thinOut() }
    }

    /// Leaves out all but the last entry of each connection in each stretch of the journal:
    /// acknowledgements are cumulative, so that it says it all, only later.
    ///
    /// Stretches get longer until half of the entries are gone.
    /// Why: while PostgreSQL is away, a connection notes something in each turn.
    private mutating func thinOut() {
        var stretch = AckQueue.shortestStretch
        while stored.count > mostStored / 2, stretch < 1 << 40 {
            var kept: [Origin: UInt64] = [:]
            stored.removeAll { entry in
                // The newest of each connection stays: nothing comes after it that would cover it.
                let place = entry.position / stretch
                return kept.updateValue(place, forKey: entry.origin) == place
            }
            stretch *= 2
        }
        // With very many connections there is one for each.
        mostStored = max(AckQueue.fewestStored, stored.count * 2)
    }

    /// Forgets a report that was rejected after all.
    ///
    /// Exactly that one: another one with the same id may be the good one that it conflicts with.
    mutating func forget(_ id: ShortText, of origin: Origin, at position: UInt64) {
        ids.removeLast { $0.position == position && $0.origin == origin && $0.id == id }
    }

    /// Whether something was noted for the turn that is going on.
    var hasOpenTurn: Bool { lastNoted > lastTurn }

    /// Closes the turn that is going on.
    mutating func endTurn(position: (Int) -> UInt64) {
        lastTurn += 1
        turns.append(lastTurn)
        for shard in 0..<shards { positions.append(position(shard)) }
    }

    /// Looks how far the journal has come.
    mutating func advance(journaled: (Int) -> UInt64) {
        while let turn = turns.first {
            // The positions of a turn lie one behind the other at the front.
            for shard in 0..<shards where positions[shard] > journaled(shard) { return }
            for _ in 0..<shards { _ = positions.removeFirst() }
            _ = turns.removeFirst()
            safeTurn = turn
        }
    }

    /// Whether something may be acknowledged now.
    func hasSafe(stored position: UInt64) -> Bool {
        if let entry = entries.first, entry.turn <= safeTurn { return true }
        if let entry = ids.first, entry.turn <= safeTurn { return true }
        if let entry = stored.first, entry.position <= position { return true }
        return false
    }

    mutating func nextSafe() -> Entry? {
        guard let entry = entries.first, entry.turn <= safeTurn else { return nil }
        return entries.removeFirst()
    }

    mutating func nextSafeID() -> IDEntry? {
        guard let entry = ids.first, entry.turn <= safeTurn else { return nil }
        return ids.removeFirst()
    }

    mutating func nextStored(upTo position: UInt64) -> StoredEntry? {
        guard let entry = stored.first, entry.position <= position else { return nil }
        return stored.removeFirst()
    }
}
