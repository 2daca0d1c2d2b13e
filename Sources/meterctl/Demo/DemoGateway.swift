import MeterClient
import Quantities
import Wire

/// A gateway as the demonstration plays it: requests of realistic sizes, one after the other.
final class DemoGateway {
    /// How it treats its requests.
    enum Manner: Sendable {
        /// Reports usage when a request is over; nobody asked before.
        case reporting
        /// Asks before each request, and settles the hold by its usage.
        case asking
    }

    private let board: DemoBoard
    private let manner: Manner
    private let path: String
    private let producer: String
    private let account: MeterAccount
    private let model: String
    private let connection: MeterConnection
    private var sequence: UInt64 = 0
    private var safe: UInt64 = 0
    private var generator = SystemRandomNumberGenerator()

    /// Connects and introduces itself.
    init(
        _ manner: Manner,
        board: DemoBoard,
        path: String,
        producer: String,
        account: MeterAccount,
        model: String
    ) throws {
        self.manner = manner
        self.board = board
        self.path = path
        self.producer = producer
        self.account = account
        self.model = model
        do throws(MeterClientError) {
            connection = try MeterConnection(path: path)
            _ = try connection.hello(producer: producer)
        } catch {
            throw Failure(error, path: path)
        }
    }

    /// Runs requests until the board says that all is over, then waits until all are safe.
    func run() throws {
        do throws(MeterClientError) {
            while !board.isOver {
                if board.mayRun {
                    try request()
                } else {
                    try listen(.milliseconds(50))
                }
            }
            try finish()
        } catch {
            throw Failure(error, path: path)
        }
    }

    /// Asks once more, to show what a client of the gateway is told while it is cut off.
    func askOnce() throws {
        do throws(MeterClientError) {
            _ = try ask(for: tokens())
        } catch {
            throw Failure(error, path: path)
        }
    }

    // MARK: - Requests

    private func request() throws(MeterClientError) {
        var tokens = tokens()
        var hold: HoldNumber?
        if manner == .asking {
            guard let granted = try ask(for: tokens) else {
                try listen(.milliseconds(200))
                return
            }
            hold = granted.hold
            // The answer was shorter than the most that it could have been.
            tokens.output = min(tokens.output, granted.outputTokens)
            try listen(.milliseconds(30))
        }
        sequence += 1
        var event = UsageEvent(
            id: "\(producer)-\(sequence)",
            account: account,
            model: model,
            tokens: tokens
        )
        event.hold = hold
        event.latencyMilliseconds = UInt32.random(in: 300...9000, using: &generator)
        try connection.append(.usage(event), sequence: sequence)
        try connection.flush(timeout: .seconds(5))
        board.change { $0.sent += 1 }
        try listen(.milliseconds(manner == .asking ? 30 : 60))
    }

    private func ask(for tokens: TokenCounts) throws(MeterClientError) -> Granted? {
        var call = AuthorizeCall(account: account, model: model)
        call.maxInputTokens = tokens.input
        call.maxOutputTokens = 1024
        _ = try connection.append(call)
        while let message = try connection.receive(timeout: .seconds(5)) {
            switch message {
            case .granted(let granted):
                board.change { $0.granted += 1 }
                return granted
            case .refused(let refused):
                board.change {
                    $0.refused += 1
                    $0.refusal = (refused.status, refused.body.text)
                }
                return nil
            default: try handle(message)
            }
        }
        throw .timedOut
    }

    /// A few thousand tokens in, often partly cached; a few hundred out.
    private func tokens() -> TokenCounts {
        let isLong = UInt32.random(in: 0..<100, using: &generator) < 10
        let input = UInt32.random(in: isLong ? 12_000...40_000 : 800...8000, using: &generator)
        let isCached = UInt32.random(in: 0..<100, using: &generator) < 40
        let cached = isCached ? UInt32.random(in: 0...input / 2, using: &generator) : 0
        let output = UInt32.random(in: 40...1000, using: &generator)
        return TokenCounts(input: input, cacheRead: cached, output: output)
    }

    // MARK: - Answers

    /// Takes what comes for so long.
    private func listen(_ duration: Duration) throws(MeterClientError) {
        let milliseconds = duration.components.attoseconds / 1_000_000_000_000_000
        let end = Blocking.nanoseconds + UInt64(milliseconds) * 1_000_000
        while Blocking.nanoseconds < end {
            let rest = end - min(end, Blocking.nanoseconds)
            let message = try connection.receive(timeout: .nanoseconds(Int64(rest)))
            guard let message else { return }
            try handle(message)
        }
    }

    private func finish() throws(MeterClientError) {
        let deadline = Blocking.nanoseconds + 10_000_000_000
        while safe < sequence, Blocking.nanoseconds < deadline {
            try listen(.milliseconds(50))
        }
        if safe < sequence { throw .timedOut }
    }

    private func handle(_ message: DaemonMessage) throws(MeterClientError) {
        switch message {
        case .ack(.sequence(let reached)):
            let added = reached - min(safe, reached)
            safe = max(safe, reached)
            board.change { $0.acked += added }
        case .rejected(let rejection):
            board.change { $0.rejected += 1 }
            throw .rejected(rejection)
        case .ack(.id), .welcome, .granted, .refused, .released, .subscribed, .cutoff, .restored,
            .order, .pong, .error:
            break
        }
    }
}
