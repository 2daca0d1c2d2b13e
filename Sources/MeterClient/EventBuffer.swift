import Quantities

/// Events that meterd has not yet acknowledged, with the sequence numbers they have.
///
/// Layout:      | sent | not sent | free |      a ring of `capacity` slots
///              ^ firstSequence           numbers are positions: slot i has firstSequence + i
/// Invariants:  sent <= count <= capacity; an event leaves only when an ack or a welcome covers it.
/// Why:         a pure value, so that resuming is tested without sockets.
struct EventBuffer {
    /// What a welcome means for the events that are kept.
    enum Resumption: Hashable {
        /// The first welcome: numbers begin after it.
        case began
        /// What is safe was dropped, the rest goes out again.
        case resumed
        /// The daemon knows less than it had acknowledged: what is kept got new numbers.
        case renumbered
        /// The daemon knows numbers that were never sent from here.
        case shared
    }

    private var slots: [MeterEvent?]
    private var head = 0
    private(set) var count = 0
    private(set) var sent = 0
    /// The number of the oldest event; 0 before the first welcome.
    private(set) var firstSequence: UInt64 = 0
    private var highestSent: UInt64 = 0

    init(capacity: Int) {
        invariant(capacity > 0, "a buffer holds at least one event")
        slots = Array(repeating: nil, count: capacity)
    }

    var hasUnsent: Bool { sent < count }

    mutating func append(_ event: MeterEvent) {
        invariant(count < slots.count, "a full buffer makes the sender wait")
        slots[(head + count) % slots.count] = event
        count += 1
    }

    /// The next event to send with its number; nil when all are sent, or before the first welcome.
    mutating func nextToSend() -> (sequence: UInt64, event: MeterEvent)? {
        guard firstSequence > 0, sent < count, let event = slots[(head + sent) % slots.count] else {
            return nil
        }
        let sequence = firstSequence + UInt64(sent)
        sent += 1
        highestSent = max(highestSent, sequence)
        return (sequence, event)
    }

    /// Drops what an ack covers, and returns how many; nil for a number that was never sent.
    mutating func acknowledge(through sequence: UInt64) -> Int? {
        guard firstSequence > 0, sequence <= highestSent else { return nil }
        return drop(through: sequence)
    }

    /// Takes the daemon's last sequence, and returns how many events it covers.
    mutating func resume(after last: UInt64) -> (dropped: Int, Resumption) {
        guard firstSequence > 0 else {
            firstSequence = last + 1
            highestSent = last
            return (0, .began)
        }
        guard last <= highestSent else { return (0, .shared) }
        let dropped = drop(through: last)
        sent = 0
        guard firstSequence > last + 1 else { return (dropped, .resumed) }
        firstSequence = last + 1
        highestSent = last
        return (dropped, .renumbered)
    }

    private mutating func drop(through sequence: UInt64) -> Int {
        guard sequence >= firstSequence else { return 0 }
        let covered = min(Int(clamping: sequence - firstSequence + 1), count)
        for _ in 0..<covered {
            slots[head] = nil
            head = (head + 1) % slots.count
        }
        count -= covered
        sent = max(0, sent - covered)
        firstSequence += UInt64(covered)
        return covered
    }
}
