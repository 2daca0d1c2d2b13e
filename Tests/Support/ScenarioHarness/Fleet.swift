import DaemonHarness
import Quantities

/// Machines that tell what they have used in total since their boot, every minute.
package final class Fleet {
    /// A machine that is up.
    private struct Machine {
        var kind: String
        var boot: String
        var since: Timestamp
        var size: String
        var sentBytes = 0
    }

    private let org: String
    private var machines: [(deployment: String, machine: Machine)] = []
    private var sequence = 0
    private var boots = 0
    private var greeted: Gateway?

    /// A fleet that has no machine yet.
    ///
    /// - Parameter org: The organisation that it runs for.
    package init(of org: String) {
        self.org = org
    }

    /// The gateway of this life of the daemon, which the fleet has introduced itself to.
    private func gateway(_ world: ScenarioWorld) throws -> Gateway {
        let gateway = try world.gateway()
        if greeted !== gateway {
            let last = try gateway.hello("fleet")
            guard last == sequence else { throw HarnessError("\(last) is safe of \(sequence)") }
            greeted = gateway
        }
        return gateway
    }

    /// Asks whether a machine may start.
    ///
    /// - Parameters:
    ///   - deployment: Its name.
    ///   - kind: What it is on the rate card.
    ///   - size: JSON fields such as `"vcpu":2`.
    ///   - world: Where.
    /// - Returns: The answer.
    /// - Throws: `HarnessError` when none comes.
    package func ask(
        _ deployment: String,
        _ kind: String,
        size: String = "",
        in world: ScenarioWorld
    ) throws -> JSONValue {
        let gateway = try gateway(world)
        let size = size.isEmpty ? "" : ",\(size)"
        gateway.send(
            #"{"type":"authorize","request":"\#(deployment)","org":"\#(org)","#
                + #""machine":"\#(kind)","deployment":"\#(deployment)"\#(size)}"#
        )
        return try gateway.next("granted", "refused", "rejected")
    }

    /// Boots a machine now, and has it tell so.
    package func boot(
        _ deployment: String,
        _ kind: String,
        size: String = "",
        in world: ScenarioWorld
    ) throws {
        boots += 1
        let machine = Machine(
            kind: kind,
            boot: "boot-\(boots)",
            since: world.now,
            size: size.isEmpty ? "" : ",\(size)"
        )
        machines.removeAll { $0.deployment == deployment }
        machines.append((deployment, machine))
        try tell(deployment, machine, state: "running", in: world)
    }

    /// Notes how much a machine has sent since its boot.
    package func setSent(_ bytes: Int, by deployment: String) {
        for index in machines.indices where machines[index].deployment == deployment {
            machines[index].machine.sentBytes = bytes
        }
    }

    /// Stops a machine, and has it tell so; time must have passed since it told that it runs.
    package func halt(_ deployment: String, in world: ScenarioWorld) throws {
        for (name, machine) in machines where name == deployment {
            try tell(name, machine, state: "stopped", in: world)
        }
        machines.removeAll { $0.deployment == deployment }
    }

    /// Time goes on; every machine tells how it is, every minute and at the end.
    ///
    /// - Parameters:
    ///   - time: Until when, as RFC 3339.
    ///   - halted: The deployment that stops at the end.
    ///   - world: Where.
    /// - Throws: `HarnessError`.
    package func run(to time: String, halting halted: String = "", in world: ScenarioWorld) throws {
        let end = try ScenarioClock.time(time)
        while world.now < end {
            let next = min(end, world.now.advanced(byMicroseconds: 60_000_000))
            try world.move(to: next.description)
            for (name, machine) in machines where next < end || name != halted {
                try tell(name, machine, state: "running", in: world)
            }
        }
        if !halted.isEmpty { try halt(halted, in: world) }
    }

    private func tell(
        _ deployment: String,
        _ machine: Machine,
        state: String,
        in world: ScenarioWorld
    ) throws {
        let gateway = try gateway(world)
        sequence += 1
        let uptime = (world.now.microseconds - machine.since.microseconds) / 1000
        gateway.send(
            #"{"type":"heartbeat","sequence":\#(sequence),"deployment":"\#(deployment)","#
                + #""org":"\#(org)","machine":"\#(machine.kind)","boot":"\#(machine.boot)","#
                + #""uptime_ms":\#(uptime),"state":"\#(state)","#
                + #""sent_bytes":\#(machine.sentBytes)\#(machine.size)}"#
        )
        while true {
            let answer = try gateway.next("ack", "rejected")
            guard answer["type"].text == "ack" else { throw HarnessError("\(answer)") }
            if let safe = answer["sequence"].int, safe >= sequence { return }
        }
    }

    /// Listens to orders; gives those that are there or come next.
    ///
    /// - Parameters:
    ///   - count: How many to wait for.
    ///   - world: Where.
    /// - Returns: The orders as they came, each deployment once.
    /// - Throws: `HarnessError` when fewer come.
    package func orders(_ count: Int, in world: ScenarioWorld) throws -> [JSONValue] {
        let gateway = try world.newGateway()
        gateway.send(#"{"type":"subscribe","topics":["orders"]}"#)
        var orders: [JSONValue] = []
        while orders.count < count {
            let order = try gateway.next("order")
            if orders.allSatisfy({ $0["order"] != order["order"] }) { orders.append(order) }
        }
        return orders
    }

    /// Says that orders are carried out.
    package func carryOut(_ orders: [JSONValue], in world: ScenarioWorld) throws {
        let gateway = try gateway(world)
        for order in orders {
            gateway.send(#"{"type":"order_done","order":\#(order["order"].int ?? 0)}"#)
        }
        _ = try gateway.heard()
    }
}
