import DaemonHarness
import MeterClient
import Quantities
import Wire

/// A machine whose wallet carries one hour, and what it makes of its orders.
///
/// Each has an organisation of its own, by the deployment's name.
struct LateMachine {
    /// What it does with what it is told.
    enum Manner: Int, CaseIterable {
        /// It never answers to its stop.
        case deaf
        /// It stops, and nobody pays more.
        case stops
        /// It stops, there are credits again, and it never answers to its resumption.
        case staysDown
        /// It stops, and goes on when it is told.
        case resumes
    }

    private enum Step {
        case isTold, hasStopped, isPaidFor, isResumed, isOver
    }

    let name: String
    let manner: Manner
    private let start: Timestamp
    private var uptime: Int64 = 3_600_000
    private var step = Step.isTold
    private var wasTold = false

    /// Whether nothing more is expected of it.
    var isOver: Bool { manner == .deaf ? wasTold : step == .isOver }

    /// What must be open at the end.
    var openOrder: String? {
        switch manner {
        case .deaf: "stop"
        case .staysDown: "resume"
        case .stops, .resumes: nil
        }
    }

    /// How many hours it pays for.
    var hours: Int128 { manner == .resumes ? 2 : 1 }

    /// What is left of the 450 credits, and of 350 more where they come.
    var balance: Int128 {
        let paid: Int128 = manner == .staysDown || manner == .resumes ? PlannedSystem.large : 0
        return 450 + paid - hours * PlannedSystem.large
    }

    init(_ name: String, _ manner: Manner, start: Timestamp) {
        (self.name, self.manner, self.start) = (name, manner, start)
    }

    private func sample(_ uptime: Int64, isRunning: Bool = true) -> MachineSample {
        var sample = MachineSample(
            deployment: name,
            boot: "boot-\(name)",
            org: name,
            machine: "gpu-l",
            uptimeMilliseconds: UInt64(uptime)
        )
        sample.isRunning = isRunning
        sample.at = start.advanced(byMicroseconds: uptime * 1000)
        return sample
    }

    /// It runs, until its second hour begins, which nobody can pay for.
    func begin(_ stream: MeterStream) throws {
        try stream.send(sample(0))
        try stream.send(sample(3_600_000))
    }

    /// Goes a step on, if it can.
    ///
    /// - Parameters:
    ///   - order: What it was told last.
    ///   - stream: How it speaks.
    ///   - admin: Who pays for it.
    /// - Throws: When it cannot speak, or nobody can pay.
    mutating func advance(
        _ order: Order?,
        _ stream: MeterStream,
        _ admin: Administrator
    ) throws {
        switch step {
        case .isTold:
            guard let order, order.action == .stop else { return }
            wasTold = true
            if manner != .deaf {
                stream.orderDone(order.order)
                step = .hasStopped
                return
            }
            // It goes on a little, and is told again and again.
            uptime += 100
            try stream.send(sample(uptime))
        case .hasStopped:
            uptime += 60_000
            try stream.send(sample(uptime, isRunning: false))
            step = manner == .stops ? .isOver : .isPaidFor
        case .isPaidFor:
            guard stream.drain(timeout: .seconds(20)) else { return }
            try admin.grant("\(PlannedSystem.large)", to: name, key: "late-\(name)")
            step = .isResumed
        case .isResumed:
            guard let order, order.action == .resume else { return }
            step = .isOver
            guard manner == .resumes else { return }
            stream.orderDone(order.order)
            uptime += 60_000
            try stream.send(sample(uptime))
        case .isOver: break
        }
    }
}
