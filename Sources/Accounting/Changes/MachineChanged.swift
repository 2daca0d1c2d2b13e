import Quantities

/// Why a deployment changed.
public enum MachineCause: UInt8, Sendable, CaseIterable {
    /// A start was asked for.
    case started = 1
    /// A sample came in.
    case sampled = 2
    /// An hour began.
    case hour = 3
    /// What a continuous run has cost was made a line.
    case booked = 4
    /// Its run ended.
    case ended = 5
    /// An hour was refused. What is refused to a run by time comes with its sample.
    case blocked = 6
    /// A credit lifted the block.
    case unblocked = 7
    /// Its order was done.
    case orderDone = 8
    /// Its machine did not come when it might run again.
    case missed = 9
}

/// What was debited for a machine.
public struct MachineCharge: Sendable, Hashable {
    /// How much.
    public var amount: Amount
    /// Where it was taken from.
    public var draws: Draws
    /// The hold that was settled by it, or 0.
    public var hold: UInt64
    /// The day that it counts for.
    public var day: CivilDay
    /// The number of the price.
    public var price: UInt32
    /// From when.
    public var from: Timestamp
    /// Until when; the end of the hour for an hour.
    public var to: Timestamp
    /// How many hours; 0 when it is charged continuously.
    public var hours: UInt32
    /// How many bytes were sent.
    public var sentBytes: UInt64
}

/// A deployment changed, and may have been charged.
///
/// Why: it carries the whole deployment as it is afterwards, so that replaying and storing it take
/// the last one and ask nothing.
public struct MachineChanged: Sendable, Hashable {
    /// Why.
    public var cause: MachineCause
    /// The deployment afterwards.
    public var deployment: Deployment
    /// What was debited, if anything was.
    public var charge: MachineCharge?
}

extension MachineChanged {
    func encode(into writer: inout ByteWriter) {
        writer.put(cause.rawValue)
        deployment.encode(into: &writer)
        writer.put(charge != nil)
        guard let charge else { return }
        writer.put(charge.amount)
        writer.put(charge.draws)
        writer.put(charge.hold)
        writer.put(charge.day.number)
        writer.put(charge.price)
        writer.put(charge.from)
        writer.put(charge.to)
        writer.put(charge.hours)
        writer.put(charge.sentBytes)
    }

    init(from reader: inout ByteReader) throws(RecordFault) {
        cause = try reader.value(MachineCause.self)
        deployment = try Deployment(from: &reader)
        guard try reader.flag() else { return }
        let amount = try reader.amount()
        let draws = try reader.draws()
        let hold = try reader.integer(UInt64.self)
        let day = CivilDay(number: try reader.integer(Int32.self))
        let price = try reader.integer(UInt32.self)
        let from = try reader.time()
        let to = try reader.time()
        let hours = try reader.integer(UInt32.self)
        charge = MachineCharge(
            amount: amount,
            draws: draws,
            hold: hold,
            day: day,
            price: price,
            from: from,
            to: to,
            hours: hours,
            sentBytes: try reader.integer(UInt64.self)
        )
    }
}

extension Deployment {
    /// The deployment as bytes, for the journal and for PostgreSQL.
    public var encoded: [UInt8] {
        var writer = ByteWriter()
        encode(into: &writer)
        return writer.bytes
    }

    /// Reads what `encoded` gave; nil when the bytes are no deployment.
    ///
    /// - Parameter encoded: The bytes.
    public init?(encoded: [UInt8]) {
        let read = encoded.withUnsafeBytes { bytes -> Deployment? in
            var reader = ByteReader(bytes, from: 0)
            do {
                return try Deployment(from: &reader)
            } catch {
                return nil
            }
        }
        guard let read else { return nil }
        self = read
    }

    /// Set in the byte that counts the boots, of which there are three at most, when what the
    /// deployment has cost follows them: records from before that was kept have no such bit.
    private static let spendBit: UInt8 = 0x80
    /// Set in the same byte when the moment follows at which it was told to stop again.
    private static let toldBit: UInt8 = 0x40

    fileprivate func encode(into writer: inout ByteWriter) {
        writer.put(number)
        writer.put(name)
        writer.put(project)
        writer.put(hold)
        writer.put(lease.rawValue)
        writer.put(reason.rawValue)
        writer.put(since)
        writer.put(needed)
        writer.put(lastRun)
        writer.put(lastOrder)
        let hasSpend = spend.total.isPositive
        let wasTold = toldAt != .epoch
        writer.put(
            UInt8(boots.count) | (hasSpend ? Deployment.spendBit : 0)
                | (wasTold ? Deployment.toldBit : 0)
        )
        for boot in boots { writer.put(boot) }
        if wasTold { writer.put(toldAt) }
        if hasSpend {
            writer.put(spendDay.number)
            for amount in [spend.day, spend.week, spend.month, spend.total] { writer.put(amount) }
        }
        writer.put(order != nil)
        if let order {
            writer.put(order.number)
            writer.put(order.action.rawValue)
            writer.put(order.issuedAt)
        }
        writer.put(run != nil)
        run?.encode(into: &writer)
    }

    fileprivate init(from reader: inout ByteReader) throws(RecordFault) {
        let number = try reader.integer(UInt32.self)
        let name = try reader.text()
        self.init(number: number, name: name, project: try reader.integer(UInt32.self))
        guard number > 0 else { throw .badValue }
        hold = try reader.integer(UInt64.self)
        lease = try reader.value(LeaseState.self)
        reason = try reader.value(RefusalReason.self)
        since = try reader.time()
        needed = try reader.amount()
        lastRun = try reader.integer(UInt32.self)
        lastOrder = try reader.integer(UInt32.self)
        let head = try reader.integer(UInt8.self)
        for _ in 0..<(head & ~(Deployment.spendBit | Deployment.toldBit)) {
            boots.append(try reader.integer(UInt128.self))
        }
        if head & Deployment.toldBit != 0 { toldAt = try reader.told() }
        if head & Deployment.spendBit != 0 {
            spendDay = CivilDay(number: try reader.integer(Int32.self))
            spend = try Spend(from: &reader)
        }
        if try reader.flag() {
            let order = try reader.integer(UInt32.self)
            let action = try reader.value(OrderAction.self)
            self.order = MachineOrder(
                number: order,
                action: action,
                issuedAt: try reader.time()
            )
        }
        if try reader.flag() { run = try Run(from: &reader) }
    }
}

extension ByteReader {
    /// The moment at which a machine was told to stop again, which is none that is not written.
    fileprivate mutating func told() throws(RecordFault) -> Timestamp {
        let moment = try time()
        guard moment != .epoch else { throw .badValue }
        return moment
    }
}

extension Spend {
    fileprivate init(from reader: inout ByteReader) throws(RecordFault) {
        let day = try reader.amount()
        let week = try reader.amount()
        let month = try reader.amount()
        let total = try reader.amount()
        // What no sum of charges is: subtracting could leave the range.
        guard !day.isNegative, day <= week, day <= month, week <= total, month <= total else {
            throw .badValue
        }
        self.init(day: day, week: week, month: month, total: total)
    }
}

extension Run {
    fileprivate func encode(into writer: inout ByteWriter) {
        writer.put(number)
        writer.put(machine)
        writer.put(boot)
        writer.put(mode.rawValue)
        writer.put(state.rawValue)
        writer.put(paidState.rawValue)
        writer.put(allocation.vcpu)
        writer.put(allocation.memory)
        writer.put(allocation.storage)
        for time in [origin, startedAt, heardAt, ratedUntil, bookedAt, anchor, endedAt] {
            writer.put(time)
        }
        writer.put(uptime)
        writer.put(sentBytes)
        writer.put(bookedBytes)
        writer.put(cost.units)
        writer.put(cost.fraction)
        writer.put(cost.rounded)
        writer.put(debited)
        writer.put(hours)
        writer.put(chargedHours)
        writer.put(rate)
        writer.put(price)
    }

    fileprivate init(from reader: inout ByteReader) throws(RecordFault) {
        number = try reader.integer(UInt32.self)
        machine = try reader.integer(UInt32.self)
        boot = try reader.integer(UInt128.self)
        mode = try reader.value(RunMode.self)
        state = try reader.value(RunState.self)
        paidState = try reader.value(RunState.self)
        let vcpu = try reader.integer(UInt32.self)
        let memory = try reader.integer(UInt32.self)
        let storage = try reader.integer(UInt32.self)
        allocation = RunAllocation(vcpu: vcpu, memory: memory, storage: storage)
        origin = try reader.time()
        startedAt = try reader.time()
        heardAt = try reader.time()
        ratedUntil = try reader.time()
        bookedAt = try reader.time()
        anchor = try reader.time()
        endedAt = try reader.time()
        uptime = try reader.integer(UInt64.self)
        sentBytes = try reader.integer(UInt64.self)
        bookedBytes = try reader.integer(UInt64.self)
        let units = try reader.integer(Int128.self)
        let fraction = try reader.integer(UInt64.self)
        cost = RunCost(units: units, fraction: fraction, rounded: try reader.amount())
        debited = try reader.amount()
        hours = try reader.integer(UInt32.self)
        chargedHours = try reader.integer(UInt32.self)
        rate = try reader.integer(Int128.self)
        price = try reader.integer(UInt32.self)
    }
}
