import Engine
import Quantities

/// A deployment with its present or last run.
public struct MachineBody: Codable, Sendable, Equatable {
    /// Its name.
    public var deployment: String
    /// The project that pays; absent when none does.
    public var project: String?
    /// `starting`, `running`, `stopped`, `blocked`, `resuming` or `ended`.
    public var status: String
    /// Why it is blocked; absent when it is not.
    public var reason: String?
    /// The machine's name on the rate card; absent before it was seen.
    public var machine: String?
    /// The number of its present or last run.
    public var run: UInt32?
    /// `hourly` or `continuous`.
    public var mode: String?
    /// When the run began.
    public var startedAt: Timestamp?
    /// The moment that its last sample spoke of.
    public var lastSampleAt: Timestamp?
    /// When the run ended; absent while it goes on.
    public var endedAt: Timestamp?
    /// How many hours were charged.
    public var hours: UInt32
    /// Bytes sent since boot.
    public var sentBytes: UInt64
    /// What the run has cost.
    public var cost: Amount
    /// What an hour costs at present.
    public var burnPerHour: Amount
    /// Until when it is paid; only for one by the hour.
    public var paidUntil: Timestamp?
    /// `stop` or `resume`, while that order is not done.
    public var order: String?

    init(_ info: MachineInfo) {
        deployment = info.deployment
        project = info.project
        status = info.status
        reason = info.reason
        machine = info.machine
        run = info.run
        mode = info.mode
        startedAt = info.startedAt
        lastSampleAt = info.lastSampleAt
        endedAt = info.endedAt
        hours = info.hours
        sentBytes = info.sentBytes
        cost = info.cost
        burnPerHour = info.burnPerHour
        paidUntil = info.paidUntil
        order = info.order
    }
}

/// An organisation's machines.
public struct MachinesBody: Codable, Sendable, Equatable {
    /// The machines.
    public var machines: [MachineBody]
    /// What the next request may use.
    public var available: Amount
    /// What an hour of all of them costs at present.
    public var burnPerHour: Amount
    /// How many seconds that lasts; absent when nothing costs.
    public var runwayS: Int64?

    init(_ info: MachinesInfo) {
        machines = info.machines.map { MachineBody($0) }
        available = info.available
        burnPerHour = info.burnPerHour
        runwayS = info.runwaySeconds
    }
}

/// An order that is not done.
public struct OrderBody: Codable, Sendable, Equatable {
    /// Its number, for `order_done`: a number of up to 64 bits, so a text.
    public var order: String
    /// The deployment.
    public var deployment: String
    /// `stop` or `resume`.
    public var action: String
    /// Why.
    public var reason: String
    /// When it was given.
    public var issuedAt: Timestamp

    init(_ info: OrderInfo) {
        order = "\(info.order)"
        deployment = info.deployment
        action = info.action
        reason = info.reason
        issuedAt = info.issuedAt
    }
}

/// An organisation's orders.
public struct OrdersBody: Codable, Sendable, Equatable {
    /// The orders, by number.
    public var orders: [OrderBody]
}
