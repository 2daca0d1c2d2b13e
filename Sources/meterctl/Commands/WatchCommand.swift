import ArgumentParser
import ControlPlane
import MeterClient
import Quantities
import Synchronization
import Wire

struct WatchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch",
        abstract: "Shows cutoffs, restores and orders as they happen, and rates.",
        discussion: """
            Begins with what is cut off and ordered at present. Ends with Ctrl-C or --seconds.

            Examples:
              meterctl watch
              meterctl watch --json --seconds 60
            """
    )

    @Option(help: ArgumentHelp("Seconds between two lines of rates.", valueName: "seconds"))
    var interval = 1

    @Option(help: ArgumentHelp("End after so many seconds.", valueName: "seconds"))
    var seconds: Int?

    @OptionGroup var control: ControlOptions
    @OptionGroup var data: DataOptions

    func validate() throws {
        guard interval > 0 else { throw ValidationError("--interval is at least 1.") }
        if let seconds, seconds < 1 { throw ValidationError("--seconds is at least 1.") }
    }

    func run() async throws {
        let printer = WatchPrinter(json: control.json)
        let deadline = seconds.map { Blocking.nanoseconds + UInt64($0) * 1_000_000_000 }
        let path = data.path
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await Blocking.run {
                    try Subscription.follow(path: path, until: deadline) { printer.push($0) }
                }
            }
            group.addTask { try await rates(printer, until: deadline) }
            for try await _ in group {}
        }
        printer.end()
    }

    private func rates(_ printer: WatchPrinter, until deadline: UInt64?) async throws {
        let client = control.client()
        var before: (body: StatusBody, at: UInt64)?
        while deadline.map({ Blocking.nanoseconds < $0 }) ?? true {
            let answer = try await Control.ask(ControlRequest(.get, "v1", "status"), of: client)
            let now = Blocking.nanoseconds
            let body = try Control.read(StatusBody.self, from: answer)
            if let before {
                printer.rates(WatchRates(before.body, body, nanoseconds: now - before.at))
            }
            before = (body, now)
            try await Task.sleep(for: .seconds(interval))
        }
    }
}

/// What passed between two looks at the daemon.
struct WatchRates: Sendable, Encodable, Equatable {
    let type = "rates"
    let accepted: UInt64
    let applied: UInt64
    let journaled: UInt64
    let stored: UInt64
    let granted: UInt64
    let refused: UInt64
    /// Accepted and not yet stored.
    let backlog: UInt64

    private enum CodingKeys: String, CodingKey {
        case type, accepted, applied, journaled, stored, granted, refused, backlog
    }

    init(_ before: StatusBody, _ after: StatusBody, nanoseconds: UInt64) {
        func rate(_ old: UInt64, _ new: UInt64) -> UInt64 {
            guard nanoseconds > 0, new > old else { return 0 }
            let product = (new - old).multipliedFullWidth(by: 1_000_000_000)
            return product.high < nanoseconds ? nanoseconds.dividingFullWidth(product).quotient : 0
        }
        accepted = rate(before.positions.accepted, after.positions.accepted)
        applied = rate(before.positions.applied, after.positions.applied)
        journaled = rate(before.positions.journaled, after.positions.journaled)
        stored = rate(before.positions.stored, after.positions.stored)
        granted = rate(before.granted, after.granted)
        refused = rate(before.refused, after.refused)
        let (position, end) = (after.positions.stored, after.positions.accepted)
        backlog = end > position ? end - position : 0
    }

    /// The rates in one line.
    var text: String {
        "accepted \(Figures.count(accepted))/s  applied \(Figures.count(applied))/s  "
            + "journaled \(Figures.count(journaled))/s  stored \(Figures.count(stored))/s  "
            + "granted \(Figures.count(granted))/s  refused \(Figures.count(refused))/s  "
            + "backlog \(Figures.count(backlog))"
    }
}

/// What a subscriber hears.
enum Push: Sendable, Equatable {
    case present([Cutoff])
    case cutoff(Cutoff)
    case restored(Cutoff)
    case order(Order)
}

/// Follows cutoffs and orders on the data socket.
enum Subscription {
    /// Calls for every push until the deadline; the present state comes first.
    static func follow(
        path: String,
        until deadline: UInt64?,
        isOver: () -> Bool = { false },
        _ receive: (Push) -> Void
    ) throws {
        do throws(MeterClientError) {
            let connection = try MeterConnection(path: path)
            connection.append(.subscribe([.cutoffs, .orders]))
            try connection.flush(timeout: .seconds(5))
            while !isOver(), deadline.map({ Blocking.nanoseconds < $0 }) ?? true {
                guard let message = try connection.receive(timeout: .milliseconds(200)) else {
                    continue
                }
                switch message {
                case .subscribed(let subscribed): receive(.present(subscribed.cutoffs))
                case .cutoff(let cutoff): receive(.cutoff(cutoff))
                case .restored(let cutoff): receive(.restored(cutoff))
                case .order(let order): receive(.order(order))
                case .rejected(let rejection): throw .rejected(rejection)
                case .welcome, .ack, .granted, .refused, .released, .pong, .error: break
                }
            }
        } catch {
            throw Failure(error, path: path)
        }
    }
}

/// Prints pushes and rates, which come from two threads.
final class WatchPrinter: Sendable {
    private let json: Bool
    private let console = Console.current
    private let last = Mutex("")

    init(json: Bool) {
        self.json = json
    }

    func push(_ push: Push) {
        switch push {
        case .present(let cutoffs):
            for cutoff in cutoffs { show("cutoff", cutoff) }
        case .cutoff(let cutoff): show("cutoff", cutoff)
        case .restored(let cutoff): show("restored", cutoff)
        case .order(let order): show(order)
        }
    }

    private func show(_ order: Order) {
        last.withLock { last in
            if json {
                write(OrderPushBody(order))
            } else {
                if console.isTerminal { console.write("\r\u{1B}[2K") }
                console.write(
                    "order \(order.order)  \(order.action.name)  \(order.deployment)  "
                        + "\(order.reason)\n"
                )
                if console.isTerminal { console.write(last) }
            }
        }
    }

    func rates(_ rates: WatchRates) {
        last.withLock { last in
            if json {
                write(rates)
            } else if console.isTerminal {
                last = rates.text
                console.write("\r\u{1B}[2K" + last)
            } else {
                console.write(rates.text + "\n")
            }
        }
    }

    /// Leaves the cursor on a line of its own.
    func end() {
        last.withLock { if !$0.isEmpty { console.write("\n") } }
    }

    private func show(_ type: String, _ cutoff: Cutoff) {
        last.withLock { last in
            if json {
                write(PushBody(type, cutoff))
            } else {
                if console.isTerminal { console.write("\r\u{1B}[2K") }
                console.write(WatchPrinter.line(type, cutoff) + "\n")
                if console.isTerminal { console.write(last) }
            }
        }
    }

    /// A push in one line.
    static func line(_ type: String, _ cutoff: Cutoff) -> String {
        let padded = type + String(repeating: " ", count: max(0, 8 - type.count))
        return "\(cutoff.at)  \(padded)  \(cutoff.scope.name) \(cutoff.id)  \(cutoff.reason)"
    }

    private func write(_ body: some Encodable) {
        do {
            console.write(try JSONText.text(body) + "\n")
        } catch {
            console.writeError("meterctl: a line cannot be written as JSON: \(error)\n")
        }
    }
}

/// An order for programs: the protocol's own fields.
private struct OrderPushBody: Encodable {
    let type = "order"
    let order: UInt64
    let deployment: String
    let action: String
    let reason: String

    private enum CodingKeys: String, CodingKey {
        case type, order, deployment, action, reason
    }

    init(_ order: Order) {
        self.order = order.order
        deployment = order.deployment
        action = "\(order.action.name)"
        reason = order.reason
    }
}

/// A push for programs: the protocol's own fields.
private struct PushBody: Encodable {
    let type: String
    let scope: String
    let id: String
    let reason: String
    let at: Timestamp

    init(_ type: String, _ cutoff: Cutoff) {
        self.type = type
        self.scope = "\(cutoff.scope.name)"
        self.id = cutoff.id
        self.reason = cutoff.reason
        self.at = cutoff.at
    }
}
