import Glibc
import Synchronization

/// Sends usage at a fixed rate, whatever the daemon does, and reads the acknowledgements.
///
/// Each connection sends a frame every millisecond, as a gateway does that flushes that often; the
/// connections take turns within it. A frame that is late is sent at once, none is left out: so the
/// rate holds unless the daemon or this machine does not keep up, which the outcome tells.
final class OpenLoop: Sendable {
    static let connections = 4
    private static let period: UInt64 = 1_000_000

    private let producers: [Producer]
    private let isEnding = Atomic<Bool>(false)
    private let lastNumbers: [Last]
    private let readers: [Worker<Void>]
    private let sender = Mutex<Worker<Outcome>?>(nil)

    /// What was sent.
    struct Outcome: Sendable {
        var perSecond = 0.0
        /// The most that a frame was behind its time, in milliseconds.
        var worstDelay = 0.0
    }

    /// A number that a reader of acknowledgements waits for, once it is known.
    private final class Last: Sendable {
        let value = Atomic<UInt64>(.max)
    }

    /// What is really tried: whole records in each frame.
    static func rate(near perSecond: Int) -> Int {
        max(perSecond / 1000 / connections, 1) * connections * 1000
    }

    /// Connects and begins.
    init(_ world: World, name: String, perSecond: Int) throws {
        let perFrame = OpenLoop.rate(near: perSecond) / 1000 / OpenLoop.connections
        producers = try (0..<OpenLoop.connections).map {
            try world.producer(name, $0, ProducerKind(perFrame: perFrame))
        }
        lastNumbers = producers.map { _ in Last() }
        readers = zip(producers, lastNumbers).map { producer, last in
            Worker {
                try producer.readAcknowledgements { last.value.load(ordering: .acquiring) }
            }
        }
        sender.withLock { $0 = Worker { [self] in try send() } }
    }

    /// Ends, when all is acknowledged.
    func end() throws -> Outcome {
        isEnding.store(true, ordering: .releasing)
        let outcome = try sender.withLock { try $0?.join() } ?? Outcome()
        for (producer, last) in zip(producers, lastNumbers) {
            // One frame more, whose acknowledgement cannot have been read before.
            last.value.store(
                producer.lastSequence + UInt64(producer.perFrame),
                ordering: .releasing
            )
            try producer.sendFrame()
        }
        for reader in readers { try reader.join() }
        return outcome
    }

    private func send() throws -> Outcome {
        let start = Clock.nanoseconds
        let step = OpenLoop.period / UInt64(producers.count)
        var outcome = Outcome()
        var frames: UInt64 = 0
        while !isEnding.load(ordering: .acquiring) {
            let due = start + frames * step
            Clock.sleep(until: due)
            try producers[Int(frames % UInt64(producers.count))].sendFrame()
            frames += 1
            outcome.worstDelay = max(outcome.worstDelay, Double(Clock.nanoseconds - due) / 1e6)
        }
        let events = Double(frames) * Double(producers.first?.perFrame ?? 0)
        outcome.perSecond = events / Clock.seconds(since: start)
        return outcome
    }
}
