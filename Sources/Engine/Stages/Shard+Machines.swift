import Accounting
import Ingest
import Quantities
import Rating
import Rings
import Wire

/// What a shard has to tell of orders.
///
/// Why: an order is told only when it is durable, like everything that leaves the house. After a
/// crash its number would be another one's, and to report it done would close that one.
struct OrderTelling {
    /// An order, and the connection that it is for; nil: all who listen.
    struct Item {
        var order: OpenOrder
        var origin: Origin?
    }

    /// What each loop has not been told yet, for lack of room.
    var waiting: [[Item]]
    /// What each loop is told when it is durable.
    var undurable: [[Item]]
    /// When all open orders are said again; `never` while there are none.
    var nextTime = Timestamp.never
    /// How often.
    var everyMicroseconds: Int64 = 30_000_000

    init(loops: Int) {
        waiting = Array(repeating: [], count: loops)
        undurable = waiting
    }
}

extension Shard {
    /// Has the books ask this card what machines cost, and journals what its numbers stand for.
    func useMachines() {
        for book in ownBooks {
            if book.listensSince == .epoch {
                book.listensSince = now
                if book.hasMachines { orders.nextTime = now }
            }
            book.machinePrices = pricing
            book.runRules = pricing.runRules
            // Heartbeats that do not tell their time are some seconds on their way.
            book.runRules.aheadMicroseconds = max(aheadMicroseconds, 60_000_000)
        }
        orders.everyMicroseconds = Int64(pricing.offer.machineRuns.orderRepeatSeconds) * 1_000_000
        for number in pricing.machineNumbers where number != 0 {
            if Declared.note(number, in: &declared.machines) { declareName(.machine, number) }
        }
        for price in pricing.machinePrices
        where Declared.note(price.price, in: &declared.prices) {
            record(.priceDeclared(price))
        }
    }

    /// Books what a machine's sign of life shows to be due.
    func heartbeat(_ command: HeartbeatCommand, _ loop: Int, _ gate: UInt64) {
        // Whatever becomes of it, it is acknowledged when it is durable.
        awaitSync()
        let sample = MachineSample(
            org: command.org,
            deployment: command.deployment.description,
            machine: command.machine,
            boot: command.boot,
            uptime: command.uptime,
            at: command.at == .never ? now : command.at,
            state: command.isStopped ? .stopped : .running,
            allocation: RunAllocation(
                vcpu: command.vcpu,
                memory: command.memory,
                storage: command.storage
            ),
            sentBytes: command.hasSentBytes ? command.sentBytes : nil
        )
        let outcome = book(of: command.org).sample(sample, at: now, into: records)
        // After what it changed: a sample that was lost with a crash is sent again.
        skip(producer: command.producer, sequence: command.sequence)
        let code: RejectionCode
        switch outcome {
        case .taken: return
        case .unchanged:
            counters.repeated.add()
            counters.samples.add()
            return
        case .accountClosed: code = .accountClosed
        case .unknownOrganisation: code = .unknownOrg
        case .notPriced: code = .unknownMachine
        case .tooMany: code = .overloaded
        case .outOfRange: code = .malformed
        case .uptimeOutOfRange: code = .badTime
        }
        counters.rejected.add()
        counters.samples.add()
        var reply = RejectedReply(
            header: ReplyHeader(origin: command.origin, gate: gate),
            code: code,
            org: command.org
        )
        reply.machine = command.machine
        reply.hold =
            outcome == .uptimeOutOfRange
            ? command.uptime : UInt64(pricing.runRules.mostPerOrganisation)
        reply.sequence = command.sequence
        reply.isUnasked = command.sequence == 0
        answer(reply, .rejected, loop)
    }

    /// Asks the book whether a machine may start.
    func start(_ command: StartMachineCommand, _ loop: Int, _ gate: UInt64) {
        let header = ReplyHeader(origin: command.origin, gate: gate)
        let book = book(of: command.org)
        guard book.openHolds(of: command.org) < holdSettings.mostOpen else {
            return tooManyHolds(command.org, command.request, header, loop)
        }
        let request = Accounting.StartRequest(
            org: command.org,
            project: command.project,
            key: command.key,
            generation: command.generation,
            deployment: command.deployment.description,
            machine: command.machine,
            allocation: RunAllocation(
                vcpu: command.vcpu,
                memory: command.memory,
                storage: command.storage
            )
        )
        func reject(_ code: RejectionCode) {
            var reply = RejectedReply(header: header, code: code, org: command.org)
            reply.name = command.request
            reply.machine = command.machine
            reply.hold = UInt64(pricing.runRules.mostPerOrganisation)
            answer(reply, .rejected, loop)
        }
        switch book.start(request, at: now, into: records) {
        case .answer(.granted(let granted)):
            reply(granted, command.request, header, loop, 0, isFinal: true)
        case .answer(.refused(let reason, let report)):
            refuse(command.request, nil, reason, report, command.org, header, loop)
        case .notPriced: reject(.unknownMachine)
        case .tooMany: reject(.overloaded)
        }
    }

    // MARK: - Orders

    /// Tells a new listener all orders that are not done.
    func presentOrders(to origin: Origin, _ loop: Int) {
        for order in openOrders() {
            orders.undurable[loop].append(OrderTelling.Item(order: order, origin: origin))
        }
    }

    private func openOrders() -> [OpenOrder] {
        ownBooks.filter(\.hasMachines).flatMap { $0.openOrders }
    }

    /// Tells what is new, and from time to time everything that is not done.
    func tellOrders() {
        // Not by `ownBooks`: that would take memory in every turn.
        for case .some(let book) in books where !book.newOrders.isEmpty {
            for order in book.takeNewOrders() { tellAll(order) }
            orders.nextTime = min(
                orders.nextTime,
                now.advanced(byMicroseconds: orders.everyMicroseconds)
            )
        }
        if orders.nextTime <= now {
            let open = openOrders()
            for order in open { tellAll(order) }
            orders.nextTime =
                open.isEmpty ? .never : now.advanced(byMicroseconds: orders.everyMicroseconds)
        }
        awaitDurability()
        for loop in loops.indices where !orders.waiting[loop].isEmpty { tellOrders(loop) }
    }

    private func tellAll(_ order: OpenOrder) {
        for loop in loops.indices where loops[loop].hasSubscribers {
            // What waits for room is said once.
            let isWaiting = (orders.waiting[loop] + orders.undurable[loop]).contains { item in
                item.origin == nil && item.order == order
            }
            if !isWaiting { orders.undurable[loop].append(OrderTelling.Item(order: order)) }
        }
    }

    /// Has the orders that were noted told as soon as everything recorded so far is durable.
    private func awaitDurability() {
        guard orders.undurable.contains(where: { !$0.isEmpty }) else { return }
        let items = orders.undurable
        for loop in loops.indices { orders.undurable[loop].removeAll() }
        finish { [inbox, stage] in
            inbox.put { shard in
                for loop in items.indices { shard.orders.waiting[loop] += items[loop] }
            }
            stage.kick()
        }
    }

    private func tellOrders(_ loop: Int) {
        var told = 0
        for item in orders.waiting[loop] {
            // None after the first that has no place, as with notices.
            guard replies[loop].canClaim(RingMessage.maximumLength) else { break }
            let nobody = Origin(slot: 0, generation: 0)
            RingMessage.put(
                OrderReply(ReplyHeader(origin: item.origin ?? nobody, gate: 0), item.order),
                kind: (item.origin == nil ? ReplyKind.order : .presentOrder).rawValue,
                into: replies[loop]
            )
            told += 1
        }
        orders.waiting[loop].removeFirst(told)
        replies[loop].publish()
        loops[loop].wake()
        if !orders.waiting[loop].isEmpty { wantReplyRoom(loop) }
    }
}

extension OrderReply {
    init(_ header: ReplyHeader, _ open: OpenOrder) {
        self.init(
            header: header,
            org: open.org,
            order: open.order.number,
            action: open.order.action == .stop ? .stop : .resume,
            reason: open.reason == .spendCapExceeded ? .spendCapExceeded : .insufficientCredits,
            deployment: ShortText(open.deployment) ?? ShortText()
        )
    }
}
