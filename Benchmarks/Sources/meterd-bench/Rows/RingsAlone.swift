import DequeModule
import Glibc
import Rings
import Synchronization

/// Records a second through the rings alone, without anything that is done with them.
///
/// Both sides hand over in bursts of 16, as a parsed frame or a drained ring does; who finds
/// nothing to do yields its core.
struct RingsAlone {
    static let name = "rings alone"
    private static let burst = 16
    private static let ringBytes = 1 << 20

    /// What a record is like: a command of usage is about as long.
    private typealias Payload = InlineArray<12, UInt64>

    private let options: Options

    init(_ options: Options) {
        self.options = options
    }

    func run() throws -> [ReportRow] {
        try [(1, "one to one"), (4, "four to one")].map { producers, text in
            var row = ReportRow(
                "\(RingsAlone.name), \(text)",
                .perSecond,
                against: "a Deque of swift-collections behind a mutex, shared by all, same payload "
                    + "of 96 bytes, same bursts of \(RingsAlone.burst)"
            )
            let each = max(options.records / producers / RingsAlone.burst, 1) * RingsAlone.burst
            for round in 0...options.rounds {
                let rings = try rings(producers, each)
                let deque = try deque(producers, each)
                guard rings.sum == deque.sum else {
                    throw BenchError("\(row.what): \(rings.sum) came through, not \(deque.sum)")
                }
                guard round > 0 else { continue }
                row.add(rings.rate, baseline: deque.rate)
            }
            row.details["records in a round"] = Double(each * producers)
            Progress.say(
                "\(row.what): \(Unit.perSecond.text(row.figure.median)), the deque "
                    + Unit.perSecond.text(row.baseline.median)
            )
            return row
        }
    }

    /// A ring for each producer, all drained by one consumer: no compare-and-swap, no lock.
    private func rings(_ producers: Int, _ each: Int) throws -> (rate: Double, sum: UInt64) {
        let rings = (0..<producers).map { _ in ByteRing(capacity: RingsAlone.ringBytes) }
        let start = Clock.nanoseconds
        let senders = rings.map { ring in
            Worker { RingsAlone.fill(ring, each) }
        }
        var (sum, count): (UInt64, Int) = (0, 0)
        while count < each * producers {
            let before = count
            for ring in rings {
                count += ring.drain { bytes in
                    sum &+= bytes.load(as: UInt64.self)
                    return true
                }
            }
            if count == before { sched_yield() }
        }
        let seconds = Clock.seconds(since: start)
        for sender in senders { try sender.join() }
        return (Double(count) / seconds, sum)
    }

    private static func fill(_ ring: ByteRing, _ count: Int) {
        var payload = Payload(repeating: 7)
        var sent = 0
        while sent < count {
            var claimed = 0
            while claimed < min(burst, count - sent),
                let target = ring.claim(MemoryLayout<Payload>.size)
            {
                payload[0] = UInt64(sent + claimed)
                target.storeBytes(of: payload, as: Payload.self)
                claimed += 1
            }
            if claimed == 0 {
                sched_yield()
            } else {
                ring.publish()
                sent += claimed
            }
        }
    }

    /// One queue for all.
    private func deque(_ producers: Int, _ each: Int) throws -> (rate: Double, sum: UInt64) {
        let limit = RingsAlone.ringBytes / MemoryLayout<Payload>.size * producers
        let queue = LockedDeque<Payload>(limit: limit)
        let start = Clock.nanoseconds
        let senders = (0..<producers).map { _ in
            Worker {
                var payload = Payload(repeating: 7)
                var sent = 0
                while sent < each {
                    let pushed = queue.push(RingsAlone.burst) { index in
                        payload[0] = UInt64(sent + index)
                        return payload
                    }
                    if pushed { sent += RingsAlone.burst } else { sched_yield() }
                }
            }
        }
        var (sum, count): (UInt64, Int) = (0, 0)
        while count < each * producers {
            let taken = queue.pop(RingsAlone.burst) { sum &+= $0[0] }
            count += taken
            if taken == 0 { sched_yield() }
        }
        let seconds = Clock.seconds(since: start)
        for sender in senders { try sender.join() }
        return (Double(count) / seconds, sum)
    }
}

/// What one would write first.
private final class LockedDeque<Element: Sendable>: Sendable {
    private let state: Mutex<Deque<Element>>
    private let limit: Int

    init(limit: Int) {
        self.limit = limit
        state = Mutex(Deque(minimumCapacity: limit))
    }

    /// Appends so many, or none when there is no room.
    func push(_ count: Int, _ element: (Int) -> Element) -> Bool {
        state.withLock { deque in
            guard deque.count + count <= limit else { return false }
            for index in 0..<count { deque.append(element(index)) }
            return true
        }
    }

    /// Takes up to so many.
    func pop(_ count: Int, _ body: (Element) -> Void) -> Int {
        state.withLock { deque in
            var taken = 0
            while taken < count, let element = deque.popFirst() {
                body(element)
                taken += 1
            }
            return taken
        }
    }
}
