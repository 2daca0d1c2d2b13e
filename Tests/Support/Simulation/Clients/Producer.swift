import Quantities
import Wire

/// A producer with sequences: repeats what was not acknowledged until it is.
final class Producer: Client {
    private let durability: Durability
    private var reports: [Report] = []
    /// The highest sequence that the daemon has called safe.
    private(set) var acknowledged: UInt64 = 0
    /// The next sequence to send on this connection.
    private var cursor: UInt64 = 1
    /// Sequences that were sent a second time with other content, on this connection.
    private var conflicts: Set<UInt64> = []

    init(_ world: Simulation, _ name: String, _ encoding: WireEncoding, _ durability: Durability) {
        self.durability = durability
        super.init(world, name, encoding)
    }

    override func greet(_ speaker: Speaker) {
        speaker.hello(name, durability)
    }

    override func reset() {
        conflicts = []
    }

    override var isDone: Bool { acknowledged == UInt64(reports.count) }

    override var waitsForStore: Bool { durability == .stored && !world.isAllStored }

    override var unanswered: String? {
        guard cursor > acknowledged + 1, !waitsForStore else { return nil }
        return "\(acknowledged) of \(cursor - 1) are acknowledged"
    }

    override func say(_ speaker: Speaker) -> Bool {
        let roll = world.roll(32)
        if roll == 0, acknowledged > 0 { return repeatOld(speaker) }
        if roll == 1, cursor > acknowledged + 1 {
            // Nothing was heard for a while: once more from the last acknowledgement.
            cursor = acknowledged + 1
        }
        if world.isGenerating, reports.count < Int(acknowledged) + 64 {
            for _ in 0..<world.roll(4) where cursor > UInt64(reports.count) {
                var report = world.makeReport(id: "\(name)-\(reports.count + 1)")
                report.sequence = UInt64(reports.count + 1)
                reports.append(report)
            }
        }
        guard cursor <= UInt64(reports.count) else { return false }
        let last = min(reports.count, Int(cursor) + world.roll(8))
        speaker.report(reports[Int(cursor) - 1..<last])
        world.statistics.reports += last - Int(cursor) + 1
        cursor = UInt64(last) + 1
        return true
    }

    private func repeatOld(_ speaker: Speaker) -> Bool {
        let sequence = 1 + UInt64(world.roll(Int(acknowledged)))
        var report = reports[Int(sequence) - 1]
        if world.roll(2) == 0, !report.isBad {
            report.tokens.output &+= 1
            conflicts.insert(sequence)
        }
        world.statistics.repeats += 1
        speaker.report([report][...])
        return true
    }

    override func take(_ message: DaemonMessage) throws(Violation) {
        switch message {
        case .welcome(let welcome):
            guard welcome.lastSequence >= acknowledged else {
                throw Violation(
                    "acked-forgotten",
                    "\(name) is welcomed at \(welcome.lastSequence), \(acknowledged) was acked"
                )
            }
            try settle(upTo: welcome.lastSequence)
            cursor = welcome.lastSequence + 1
            isReady = true
        case .ack(.sequence(let sequence)):
            try settle(upTo: sequence)
        case .rejected(let rejection):
            try take(rejection)
        case .pong: break
        default:
            throw Violation("unexpected-answer", "\(name): \(message)")
        }
    }

    private func take(_ rejection: Rejection) throws(Violation) {
        guard case .sequence(let sequence) = rejection.subject, sequence > 0,
            sequence <= UInt64(reports.count)
        else { throw Violation("unexpected-answer", "\(name): \(rejection)") }
        let report = reports[Int(sequence) - 1]
        switch rejection.code {
        case .overloaded, .sequenceGap:
            // It is still expected.
            cursor = min(cursor, acknowledged + 1)
        case .conflict:
            guard conflicts.contains(sequence) else {
                throw Violation("false-conflict", "\(name) #\(sequence): \(rejection.message)")
            }
        default:
            guard world.mayReject(report, rejection.code) else {
                throw Violation("rejected-without-reason", "\(name) #\(sequence): \(rejection)")
            }
            reports[Int(sequence) - 1].isRejected = true
        }
    }

    /// Holds an acknowledgement against the journal.
    private func settle(upTo sequence: UInt64) throws(Violation) {
        guard sequence <= UInt64(reports.count) else {
            throw Violation("acked-unsent", "\(name) #\(sequence) of \(reports.count)")
        }
        let floor = durability == .stored ? world.storedFloor : world.durableFloor
        while acknowledged < sequence {
            let next = acknowledged + 1
            let report = reports[Int(next) - 1]
            let key = Evidence.SequenceKey(producer: name, sequence: next)
            if let booking = world.evidence.bookings[key] {
                guard booking.position <= floor else {
                    throw Violation("acked-unsafe", "\(name) #\(next): \(booking), safe \(floor)")
                }
                guard booking.id == report.id, booking.tokens == report.tokens else {
                    throw Violation("booked-otherwise", "\(name) #\(next): \(booking)")
                }
            } else if let position = world.evidence.skips[key] {
                guard position <= floor else {
                    throw Violation("acked-unsafe", "\(name) #\(next): skipped at \(position)")
                }
                guard world.mayReject(report, nil) else {
                    throw Violation("skipped-without-reason", "\(name) #\(next): \(report)")
                }
            } else {
                throw Violation("acked-lost", "\(name) #\(next) is not in the journal")
            }
            acknowledged = next
            world.statistics.acknowledged += 1
        }
    }

    /// Whether all that was acknowledged is still there.
    func check() throws(Violation) {
        for sequence in stride(from: UInt64(1), through: acknowledged, by: 1) {
            let key = Evidence.SequenceKey(producer: name, sequence: sequence)
            if world.evidence.bookings[key] == nil, world.evidence.skips[key] == nil {
                throw Violation("acked-lost", "\(name) #\(sequence) is gone")
            }
        }
    }
}
