import Accounting

/// How far each producer has come: what is stored, and what the batch adds to it.
struct ProducerTable {
    struct Entry {
        let producer: UInt32
        var stored: SequenceSet
        var pending = SequenceSet()
        var isTouched = false
    }

    private(set) var entries: [Entry] = []
    private var index: [UInt32: Int] = [:]
    private var recent = 0

    mutating func restore(_ producer: UInt32, _ progress: SequenceSet) {
        let place = entry(producer)
        entries[place].stored = progress
    }

    /// Takes in one sequence; most arrive in runs of the same producer.
    @inline(__always)
    mutating func insert(_ sequence: UInt64, of producer: UInt32) {
        if recent >= entries.count || entries[recent].producer != producer {
            recent = entry(producer)
        }
        if !entries[recent].isTouched {
            entries[recent].isTouched = true
            entries[recent].pending = entries[recent].stored
        }
        entries[recent].pending.insert(sequence)
    }

    /// The producers that the batch touches, by number.
    var touched: [(producer: UInt32, progress: SequenceSet)] {
        entries.filter(\.isTouched)
            .map { (producer: $0.producer, progress: $0.pending) }
            .sorted { $0.producer < $1.producer }
    }

    func progress(_ producer: UInt32) -> SequenceSet? {
        guard let place = index[producer] else { return nil }
        return entries[place].isTouched ? entries[place].pending : entries[place].stored
    }

    mutating func markStored() {
        for place in entries.indices where entries[place].isTouched {
            entries[place].stored = entries[place].pending
            entries[place].isTouched = false
        }
    }

    mutating func removePending() {
        for place in entries.indices { entries[place].isTouched = false }
    }

    private mutating func entry(_ producer: UInt32) -> Int {
        if let place = index[producer] { return place }
        entries.append(Entry(producer: producer, stored: SequenceSet()))
        index[producer] = entries.count - 1
        return entries.count - 1
    }
}
