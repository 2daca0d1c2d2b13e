import Accounting
import Dispatch
import Quantities
import Rating
import Rings
import Synchronization
import Wire

/// Takes purchases that were asked for to their connectors, and tells people of troubles.
///
/// The outbox is not here: it is what the books have open. What is asked for comes here when its
/// record is durable; after a restart, and when another offer comes into force, all that is open
/// comes again. A program is therefore run at least once for each purchase, and has to know by the
/// purchase's id what it has done already.
///
/// Queue:       any thread; programs are waited for on private queues, so that nobody else waits.
/// Bounds:      `mostAtOnce` programs run at a time; jobs are as many as purchases are open.
final class PurchaseDesk: Sendable {
    /// So many programs run at a time.
    static let mostAtOnce = 4
    /// So many troubles are named where people look; the others are counted.
    private static let mostNamed = 3

    private struct Key: Hashable, Comparable {
        let org: UInt32
        let purchase: UInt32

        static func < (left: Key, right: Key) -> Bool {
            (left.org, left.purchase) < (right.org, right.purchase)
        }
    }

    private struct Job {
        var tries = 0
        var due = Timestamp.epoch
        /// The run that is under way; owned here until it ends.
        var run: Task<Void, Never>?
        var isRunning = false
    }

    private struct State {
        var engine: WeakEngine?
        var warn: @Sendable (String) -> Void = { _ in }
        var jobs: [Key: Job] = [:]
        var running = 0
        var topUps: [UInt32: String] = [:]
        var connectors: [Key: String] = [:]
    }

    private let state = Mutex(State())
    private let stopping = Atomic<Bool>(false)
    /// Whether there is any job at all: one load for each tick of those who have none.
    private let hasJobs = Atomic<Bool>(false)
    private let queues = (0..<PurchaseDesk.mostAtOnce).map { index in
        DispatchQueue(label: "meterd.purchases.\(index)")
    }
    private let turn = Atomic<Int>(0)

    /// Begins: from here on it knows whom to tell.
    func begin(_ engine: Engine, warn: @escaping @Sendable (String) -> Void) {
        state.withLock { state in
            state.engine = WeakEngine(engine)
            state.warn = warn
        }
    }

    /// Runs nothing any more; programs that run are killed, and run again after the next start.
    func stop() {
        stopping.store(true, ordering: .releasing)
    }

    // MARK: - What comes in

    /// Takes what was asked for now and is durable, and what went wrong.
    func take(asked orders: [PurchaseOrder], _ troubles: [TopUpTrouble]) {
        count { $0.asked += UInt64(orders.count) }
        take(open: orders)
        for trouble in troubles { hear(trouble) }
    }

    /// Takes purchases that are open; those whose connector is a program become its jobs.
    func take(open orders: [PurchaseOrder]) {
        guard let engine = engine, !orders.isEmpty else { return }
        let offer = engine.pricing.current.offer.purchases
        var unknown: Set<String> = []
        state.withLock { state in
            for order in orders {
                let name = order.purchase.asked.connector
                switch offer.connector(named: name)?.kind {
                case .command:
                    let key = Key(org: order.org, purchase: order.purchase.number)
                    if state.jobs[key] == nil { state.jobs[key] = Job() }
                case .manual: break
                case nil: unknown.insert(name)
                }
            }
            hasJobs.store(!state.jobs.isEmpty, ordering: .releasing)
        }
        for name in unknown.sorted() {
            warn("Purchases wait for the connector \"\(name)\", which the offer no longer has.")
        }
        startDue(engine.time.now())
    }

    /// Takes what the books still have of troubles with top-ups; the log has told of them before.
    func take(standing troubles: [TopUpTrouble]) {
        if troubles.isEmpty { return }
        for trouble in troubles {
            guard case .some((let org, let text)) = text(of: trouble) else { continue }
            state.withLock { state in
                if state.topUps[org] == nil { state.topUps[org] = text }
            }
        }
        show()
    }

    private func text(of trouble: TopUpTrouble) -> (org: UInt32, text: String)? {
        switch trouble {
        case .failed(let org, let body):
            (
                org,
                "The top-up of \"\(name(org))\" failed \(body.failures) times in a row, last as "
                    + "purchase \(body.purchase): \(body.reason). It is tried again at "
                    + "\(body.retryAt)."
            )
        case .limitReached(let org, let body):
            (
                org,
                "topup_limit_reached: \"\(name(org))\" needs another top-up for \(body.price), "
                    + "and \(body.asked) of \(body.limit) were asked for in the month from "
                    + "\(body.month)."
            )
        case .over: nil
        }
    }

    private func hear(_ trouble: TopUpTrouble) {
        if let (org, text) = text(of: trouble) { note(org, text) }
        switch trouble {
        case .failed: count { $0.topUpsFailed += 1 }
        case .limitReached: count { $0.limitsReached += 1 }
        case .over(let org):
            let changed = state.withLock { $0.topUps.removeValue(forKey: org) != nil }
            if changed { show() }
        }
    }

    private func note(_ org: UInt32, _ text: String) {
        warn(text)
        state.withLock { $0.topUps[org] = text }
        show()
    }

    /// What is wrong, for whoever asks how the daemon is.
    private func show() {
        let texts = state.withLock { state in
            state.topUps.sorted { $0.key < $1.key }.map(\.value)
                + state.connectors.sorted { $0.key < $1.key }.map(\.value)
        }
        guard let health = engine?.health else { return }
        if texts.isEmpty { return health.set(.topUps, nil) }
        let rest = texts.count - PurchaseDesk.mostNamed
        health.set(
            .topUps,
            texts.prefix(PurchaseDesk.mostNamed).joined(separator: " ")
                + (rest > 0 ? " And \(rest) more." : "")
        )
    }

    func warn(_ text: String) {
        let warn = state.withLock { $0.warn }
        warn(text)
    }

    /// Whether the daemon ends.
    var isStopping: Bool { stopping.load(ordering: .acquiring) }

    private var engine: Engine? { state.withLock { $0.engine?.engine } }

    func count(_ add: (inout PurchaseFigures) -> Void) {
        engine?.counters.purchases.withLock { add(&$0) }
    }

    private func name(_ org: UInt32) -> String {
        engine?.directory.name(of: .org, org: org, id: 0) ?? "\(org)"
    }

    // MARK: - Programs

    /// Starts what is due, as far as there is room.
    func startDue(_ now: Timestamp) {
        guard hasJobs.load(ordering: .acquiring), !isStopping else { return }
        state.withLock { state in
            let due = state.jobs.filter { !$0.value.isRunning && $0.value.due <= now }
            for key in due.keys.sorted() where state.running < PurchaseDesk.mostAtOnce {
                state.running += 1
                state.jobs[key]?.isRunning = true
                state.jobs[key]?.run = Task { await self.run(key) }
            }
        }
    }

    private func run(_ key: Key) async {
        guard let engine, let found = await engine.openPurchase(key.purchase, of: key.org),
            case .command(let command) = engine.pricing.current.offer.purchases
                .connector(named: found.purchase.asked.connector)?.kind
        else { return end(key, retryAt: nil, trouble: nil) }
        let answer = await answer(of: command, to: found)
        var unclear: String?
        do throws(AdministrationError) {
            switch answer {
            case .confirmed(let payment):
                _ = try await engine.confirmPurchase(
                    organisation: found.organisation,
                    purchase: key.purchase,
                    payment: payment
                )
            case .failed(let reason):
                _ = try await engine.failPurchase(
                    organisation: found.organisation,
                    purchase: key.purchase,
                    reason: reason
                )
            case .pending: break
            case .unclear(let reason): unclear = reason
            }
        } catch {
            // Somebody else may have been faster.
            if await engine.openPurchase(key.purchase, of: key.org) != nil {
                unclear = "what it said could not be booked: \(error)"
            } else if case .confirmed(let payment) = answer {
                await takeLate(payment, for: found, by: engine)
            }
        }
        guard let unclear else { return end(key, retryAt: nil, trouble: nil) }
        count { $0.unclearRuns += 1 }
        let tries = UInt32(clamping: state.withLock { ($0.jobs[key]?.tries ?? 0) + 1 })
        let retryAt = TopUpBackOff(
            firstMicroseconds: Int64(command.retryAfterSeconds) * 1_000_000,
            mostMicroseconds: Int64(command.retryAtMostSeconds) * 1_000_000
        ).end(after: tries, from: engine.time.now())
        end(
            key,
            retryAt: retryAt,
            trouble: "The connector \"\(found.purchase.asked.connector)\" left open what became of "
                + "purchase \(found.id): \(unclear) It is run again at \(retryAt)."
        )
    }

    /// Runs the program on a queue of its own, as that blocks.
    private func answer(
        of command: CommandConnector,
        to purchase: PurchaseInfo
    ) async -> ConnectorAnswer {
        let input = ConnectorInput.bytes(of: purchase)
        let next = turn.wrappingAdd(1, ordering: .relaxed).newValue
        let queue = queues[abs(next % queues.count)]
        return await withCheckedContinuation { continuation in
            queue.async {
                let run = CommandRun(
                    arguments: command.arguments,
                    timeoutSeconds: command.timeoutSeconds,
                    isStopping: { self.isStopping }
                )
                continuation.resume(returning: run.answer(to: input))
            }
        }
    }

    /// A run is over; the job goes, or comes again.
    private func end(_ key: Key, retryAt: Timestamp?, trouble: String?) {
        let changed = state.withLock { state in
            state.running -= 1
            if let retryAt {
                state.jobs[key]?.tries += 1
                state.jobs[key]?.due = retryAt
                state.jobs[key]?.isRunning = false
                state.jobs[key]?.run = nil
            } else {
                state.jobs[key] = nil
            }
            hasJobs.store(!state.jobs.isEmpty, ordering: .releasing)
            let before = state.connectors[key]
            state.connectors[key] = trouble
            return before != trouble
        }
        if let trouble, !isStopping { warn(trouble) }
        if changed { show() }
        if let engine { startDue(engine.time.now()) }
    }
}

/// The engine, which owns the desk.
private struct WeakEngine: Sendable {
    weak let engine: Engine?

    init(_ engine: Engine) {
        self.engine = engine
    }
}

extension Engine {
    /// Where purchases go that were asked for.
    var desk: PurchaseDesk { shards[0].desk }

    /// Has all that is open handed to its connectors, and what is wrong told: after a start, and
    /// with another offer.
    func handOverOpenPurchases() {
        for shard in shards {
            let desk = self.desk
            shard.inbox.put { shard in
                let open = shard.ownBooks.flatMap(\.openPurchases)
                let troubles = shard.ownBooks.flatMap(\.standingTopUpTroubles)
                guard !open.isEmpty || !troubles.isEmpty else { return }
                // Durable first, like everything that leaves the house.
                shard.finish {
                    desk.take(open: open)
                    desk.take(standing: troubles)
                }
            }
            shard.stage.kick()
        }
    }

    /// A purchase that is still open, or nil.
    func openPurchase(_ number: UInt32, of org: UInt32) async -> PurchaseInfo? {
        let directory = self.directory
        return await look(org) { book, _, _ in
            guard let purchase = book.purchase(number, of: org), purchase.state == .open else {
                return nil
            }
            return PurchaseInfo(
                organisation: directory.name(of: .org, org: org, id: 0),
                purchase: purchase
            )
        }
    }
}

/// What a connector's program gets: one JSON object.
enum ConnectorInput {
    static func bytes(of info: PurchaseInfo) -> [UInt8] {
        let asked = info.purchase.asked
        let fields: [(String, String)] = [
            ("id", quoted(info.id)), ("organisation", quoted(info.organisation)),
            ("purchase", "\(info.purchase.number)"), ("pack", quoted(asked.pack)),
            ("credits", quoted("\(asked.credits)")), ("price", quoted("\(asked.price)")),
            ("currency", quoted(asked.currency)), ("automatic", "\(asked.automatic)"),
            ("asked_at", quoted("\(info.purchase.askedAt)")),
        ]
        let text = fields.map { "\"\($0.0)\":\($0.1)" }.joined(separator: ",")
        return Array("{\(text)}\n".utf8)
    }

    /// Texts here are names of a plain alphabet, and are written safely all the same.
    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\u{0}"..."\u{1F}":
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
