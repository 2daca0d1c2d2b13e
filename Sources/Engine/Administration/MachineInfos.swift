import Accounting
import Quantities

/// A deployment with its present or last run.
public struct MachineInfo: Sendable, Hashable {
    /// Its name.
    public var deployment: String
    /// The project that pays.
    public var project: String?
    /// Where it stands: `starting`, `running`, `stopped`, `blocked`, `resuming` or `ended`.
    public var status: String
    /// Why it is blocked.
    public var reason: String?
    /// The machine's name on the rate card; nil before it was seen.
    public var machine: String?
    /// The number of its present or last run.
    public var run: UInt32?
    /// `hourly` or `continuous`.
    public var mode: String?
    /// When the run began.
    public var startedAt: Timestamp?
    /// The moment that its last sample spoke of.
    public var lastSampleAt: Timestamp?
    /// When the run ended.
    public var endedAt: Timestamp?
    /// How many hours were charged.
    public var hours: UInt32
    /// Bytes sent since boot.
    public var sentBytes: UInt64
    /// What the run has cost.
    public var cost: Amount
    /// What an hour costs at present.
    public var burnPerHour: Amount
    /// Until when it is paid, for one by the hour.
    public var paidUntil: Timestamp?
    /// The order that is not done.
    public var order: String?
}

/// An organisation's machines, and how long its credits last.
public struct MachinesInfo: Sendable, Hashable {
    /// The machines, by the deployment's number.
    public var machines: [MachineInfo]
    /// What the next request may use.
    public var available: Amount
    /// What an hour of all of them costs at present.
    public var burnPerHour: Amount
    /// How many seconds that lasts; nil when nothing costs.
    public var runwaySeconds: Int64?
}

/// An order that is not done.
public struct OrderInfo: Sendable, Hashable {
    /// Its number on the wire, for `order_done`.
    public var order: UInt64
    /// The deployment.
    public var deployment: String
    /// `stop` or `resume`.
    public var action: String
    /// Why.
    public var reason: String
    /// When it was given.
    public var issuedAt: Timestamp
}

extension MachineInfo {
    /// `rate` is what it costs at present, in 10^-15 credit an hour.
    init(_ deployment: Deployment, rate: Int128, project: String?, machine: String?) {
        let run = deployment.run
        let isAlive = run?.isAlive ?? false
        self.init(
            deployment: deployment.name,
            project: project,
            status: MachineInfo.status(deployment),
            reason: deployment.lease == .blocked ? deployment.reason.word : nil,
            machine: machine,
            run: run?.number,
            mode: run.map { $0.mode == .hourly ? "hourly" : "continuous" },
            startedAt: run?.startedAt,
            lastSampleAt: run?.lastSampleAt,
            endedAt: isAlive ? nil : run?.endedAt,
            hours: run?.chargedHours ?? 0,
            sentBytes: run?.sentBytes ?? 0,
            cost: run?.cost.rounded ?? .zero,
            burnPerHour: Amount(units: Rounding.halfToEven(rate, dividedBy: 1000)),
            paidUntil: run?.paidUntil,
            order: deployment.order.map { $0.action == .stop ? "stop" : "resume" }
        )
    }

    private static func status(_ deployment: Deployment) -> String {
        if deployment.lease == .blocked { return "blocked" }
        if deployment.lease == .resuming { return "resuming" }
        guard let run = deployment.run, run.isAlive else {
            return deployment.hold != 0 ? "starting" : "ended"
        }
        return run.state == .running ? "running" : "stopped"
    }
}

extension RefusalReason {
    var word: String {
        self == .spendCapExceeded ? "spend_cap_exceeded" : "insufficient_credits"
    }
}
