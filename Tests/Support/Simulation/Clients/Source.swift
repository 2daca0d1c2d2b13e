import Quantities
import Wire

/// A source without sequences: its reports are known by their ids.
class Source: Client {
    private var reports: [Report] = []
    private var index: [String: Int] = [:]
    /// What is not answered yet, oldest first.
    private var open: [Int] = []
    /// What was not sent on this connection yet.
    private var unsent: [Int] = []
    private(set) var answered: [Int] = []
    /// Ids that were sent again with other content on this connection.
    private var conflicts: Set<String> = []

    override var isDone: Bool { open.isEmpty }

    override var unanswered: String? {
        open.count == unsent.count ? nil : "\(open.count - unsent.count) reports are not answered"
    }

    override func reset() {
        unsent = open
        conflicts = []
    }

    /// Lines up a report.
    final func add(_ report: Report) {
        index[report.id] = reports.count
        open.append(reports.count)
        unsent.append(reports.count)
        reports.append(report)
    }

    final func nextID() -> String { "\(name)-\(reports.count + 1)" }

    override func say(_ speaker: Speaker) -> Bool {
        if world.isGenerating, open.count < 24, world.roll(2) == 0 { invent() }
        if world.roll(24) == 0, !answered.isEmpty { return repeatOld(speaker) }
        if unsent.isEmpty, !open.isEmpty, world.roll(64) == 0 {
            unsent = [open[world.roll(open.count)]]
            world.statistics.repeats += 1
        }
        guard !unsent.isEmpty else { return false }
        let count = 1 + world.roll(min(unsent.count, 4))
        let batch = unsent.prefix(count).map { reports[$0] }
        unsent.removeFirst(count)
        speaker.report(batch[...])
        world.statistics.reports += count
        return true
    }

    /// Thinks of something to report.
    func invent() {
        add(world.makeReport(id: nextID()))
    }

    private func repeatOld(_ speaker: Speaker) -> Bool {
        var report = reports[answered[world.roll(answered.count)]]
        guard !report.isBad, !report.isRejected, !conflicts.contains(report.id) else {
            return false
        }
        if world.roll(2) == 0 {
            report.tokens.output &+= 1
            conflicts.insert(report.id)
        }
        world.statistics.repeats += 1
        speaker.report([report][...])
        return true
    }

    override func take(_ message: DaemonMessage) throws(Violation) {
        switch message {
        case .ack(.id(let id)): try acknowledge("\(id)")
        case .rejected(let rejection): try take(rejection)
        case .pong: break
        default: throw Violation("unexpected-answer", "\(name): \(message)")
        }
    }

    private func close(_ number: Int) {
        guard let place = open.firstIndex(of: number) else { return }
        open.remove(at: place)
        unsent.removeAll { $0 == number }
        answered.append(number)
    }

    private func acknowledge(_ id: String) throws(Violation) {
        guard let number = index[id] else {
            throw Violation("acked-unsent", "\(name): \(id)")
        }
        guard let booking = world.evidence.identified[id] else {
            throw Violation("acked-lost", "\(id) is not in the journal")
        }
        guard booking.position <= world.durableFloor else {
            throw Violation("acked-unsafe", "\(id) at \(booking.position)")
        }
        guard booking.tokens == reports[number].tokens else {
            throw Violation("booked-otherwise", "\(id): \(booking)")
        }
        close(number)
        world.statistics.acknowledged += 1
    }

    func take(_ rejection: Rejection) throws(Violation) {
        guard case .id(let text) = rejection.subject, let number = index["\(text)"] else {
            throw Violation("unexpected-answer", "\(name): \(rejection)")
        }
        let report = reports[number]
        switch rejection.code {
        case .overloaded:
            if open.contains(number), !unsent.contains(number) { unsent.append(number) }
        case .conflict:
            guard conflicts.contains(report.id) else {
                throw Violation("false-conflict", "\(report.id): \(rejection.message)")
            }
        default:
            guard world.mayReject(report, rejection.code) else {
                throw Violation("rejected-without-reason", "\(report.id): \(rejection)")
            }
            if open.contains(number) { reports[number].isRejected = true }
            close(number)
        }
    }

    /// Whether all that was acknowledged is still there.
    func check() throws(Violation) {
        for number in answered where !reports[number].isRejected {
            if world.evidence.identified[reports[number].id] == nil {
                throw Violation("acked-lost", "\(reports[number].id) is gone")
            }
        }
    }
}
