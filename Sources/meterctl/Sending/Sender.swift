import MeterClient
import Wire

/// Streams events in sequence, and sends what is not yet safe again after a lost connection.
///
/// Invariants:  an event is forgotten only when an ack covers it; sequences have no gap.
final class Sender {
    /// How it speaks and what it waits for.
    struct Settings: Sendable {
        var path: String
        var producer: String
        var durability = Durability.journaled
        var firstSequence: UInt64 = 1
        /// How many events may be on their way.
        var window = 16_384
        /// How long a lost connection is tried again.
        var retrySeconds: UInt64 = 30
    }

    private struct Pending {
        let sequence: UInt64
        let event: MeterEvent
    }

    private let settings: Settings
    private let rejected: (Rejection) -> Void
    private var connection: MeterConnection
    private var figures = SendFigures()
    private var pending: [Pending] = []
    private var head = 0
    private var rejectedSequences: Set<UInt64> = []
    private var nextSequence: UInt64
    /// What was safe before we began: these are sent too, and change nothing.
    private let safeBefore: UInt64
    private let started = Blocking.nanoseconds

    /// Connects and asks where to go on.
    init(_ settings: Settings, rejected: @escaping (Rejection) -> Void) throws {
        self.settings = settings
        self.rejected = rejected
        self.nextSequence = settings.firstSequence
        (connection, safeBefore) = try Sender.connect(settings)
    }

    /// Sends all that a source has, and waits until everything is safe.
    func run(
        _ source: inout some EventSource & ~Copyable,
        progress: (SendFigures, SourceProgress) -> Void
    ) throws -> SendFigures {
        var atEnd = false
        while !atEnd || head < pending.count {
            while !atEnd, pending.count - head < settings.window {
                guard let sourced = try source.next() else {
                    atEnd = true
                    break
                }
                try take(sourced)
                if connection.pendingBytes > 256 << 10 { break }
            }
            try exchange(wait: atEnd || pending.count - head >= settings.window)
            figures.nanoseconds = Blocking.nanoseconds - started
            progress(figures, source.progress)
        }
        try confirm()
        figures.nanoseconds = Blocking.nanoseconds - started
        return figures
    }

    private static func connect(_ settings: Settings) throws -> (MeterConnection, UInt64) {
        do throws(MeterClientError) {
            let connection = try MeterConnection(path: settings.path)
            let welcome = try connection.hello(
                producer: settings.producer,
                durability: settings.durability
            )
            return (connection, welcome.lastSequence)
        } catch {
            throw Failure(error, path: settings.path)
        }
    }

    // MARK: - Sending

    private func take(_ sourced: SourcedEvent) throws {
        let sequence = sourced.sequence ?? nextSequence
        guard sequence == nextSequence else {
            throw Failure(
                .usage,
                "The sequence \(sequence) follows \(nextSequence - 1): sequences are contiguous. "
                    + "Begin with --first-sequence, or leave them out."
            )
        }
        nextSequence += 1
        figures.sent += 1
        do throws(MeterClientError) {
            try connection.append(sourced.event, sequence: sequence)
        } catch {
            throw Failure(error, path: settings.path)
        }
        if sequence <= safeBefore {
            figures.alreadyThere += 1
            figures.acked += 1
        } else {
            pending.append(Pending(sequence: sequence, event: sourced.event))
        }
    }

    /// Sends what waits and takes what has come; waits for something where it must.
    private func exchange(wait: Bool) throws {
        do throws(MeterClientError) {
            let isWaiting = wait && head < pending.count
            var message = try connection.receive(timeout: isWaiting ? .milliseconds(200) : .zero)
            while let received = message {
                try handle(received)
                message = try connection.receive(timeout: .zero)
            }
            if !isWaiting { try connection.flush() }
        } catch {
            try resume(after: error)
        }
    }

    /// Everything before the answer to a ping was read by the daemon, repeats too.
    private func confirm() throws {
        do throws(MeterClientError) {
            connection.append(.ping)
            while let message = try connection.receive(timeout: .seconds(10)) {
                if case .pong = message { return }
                try handle(message)
            }
            throw .timedOut
        } catch {
            throw Failure(error, path: settings.path)
        }
    }

    // MARK: - Receiving

    private func handle(_ message: DaemonMessage) throws(MeterClientError) {
        switch message {
        case .ack(.sequence(let sequence)): acknowledge(through: sequence)
        case .rejected(let rejection):
            // A gap is no verdict on one event: what follows cannot be taken either.
            if rejection.code == .sequenceGap { throw .rejected(rejection) }
            // What was sent again after a lost connection is rejected again.
            if case .sequence(let number) = rejection.subject,
                !rejectedSequences.insert(number).inserted
            {
                return
            }
            figures.rejected += 1
            rejected(rejection)
            takeBack(rejection.subject)
        case .ack(.id), .welcome, .granted, .refused, .released, .subscribed, .cutoff, .restored,
            .order, .pong, .error:
            break
        }
    }

    /// A rejection that comes after the ack that passed over it.
    private func takeBack(_ subject: Rejection.Subject) {
        guard case .sequence(let sequence) = subject, sequence > safeBefore else { return }
        let next = head < pending.count ? pending[head].sequence : nextSequence
        if sequence < next { figures.acked -= 1 }
    }

    private func acknowledge(through sequence: UInt64) {
        while head < pending.count, pending[head].sequence <= sequence {
            // An ack also passes over what was rejected before it.
            if !rejectedSequences.contains(pending[head].sequence) { figures.acked += 1 }
            head += 1
        }
        // The front is dropped in large pieces, so that the cost for each event is constant.
        if head > 4096, head * 2 > pending.count {
            pending.removeFirst(head)
            head = 0
        }
    }

    // MARK: - Going on

    private func resume(after error: MeterClientError) throws {
        var last = error
        let deadline = Blocking.nanoseconds + settings.retrySeconds * 1_000_000_000
        while last.isTransient, Blocking.nanoseconds < deadline {
            do throws(MeterClientError) {
                connection = try MeterConnection(path: settings.path)
                let welcome = try connection.hello(
                    producer: settings.producer,
                    durability: settings.durability
                )
                acknowledge(through: welcome.lastSequence)
                for event in pending[head...] {
                    try connection.append(event.event, sequence: event.sequence)
                }
                figures.reconnects += 1
                return
            } catch {
                last = error
                Pause.milliseconds(200)
            }
        }
        throw Failure(last, path: settings.path)
    }
}
