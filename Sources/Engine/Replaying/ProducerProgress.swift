import Accounting

/// Which sequences of which producers are through.
///
/// Cost: one comparison where the same producer comes again, as it nearly always does.
struct ProducerProgress {
    private var sets: [SequenceSet] = []
    private var numbers: [UInt32] = []
    private var places: [UInt32: Int] = [:]
    private var last: (number: UInt32, place: Int) = (0, 0)

    init(_ known: [UInt32: SequenceSet]) {
        for (number, set) in known {
            places[number] = sets.count
            numbers.append(number)
            sets.append(set)
        }
    }

    /// Notes a sequence; 0 for either means that there is none.
    @inline(__always)
    mutating func note(_ sequence: UInt64, of producer: UInt32) {
        guard producer != 0, sequence != 0 else { return }
        if producer != last.number { last = (producer, place(of: producer)) }
        sets[last.place].insert(sequence)
    }

    private mutating func place(of producer: UInt32) -> Int {
        if let place = places[producer] { return place }
        places[producer] = sets.count
        numbers.append(producer)
        sets.append(SequenceSet())
        return sets.count - 1
    }

    /// All of them, by the producer's number.
    var all: [UInt32: SequenceSet] {
        Dictionary(uniqueKeysWithValues: zip(numbers, sets))
    }
}
