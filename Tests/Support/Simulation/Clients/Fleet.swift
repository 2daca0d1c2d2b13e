import Quantities
import Wire

/// Some machines of some organisations: they ask, run, report, stop when they are told to, boot
/// again, fall silent, and say things twice or late.
final class Fleet: Client {
    private struct Machine {
        let deployment: String
        let organisation: String
        let machine: String
        var boot = 1
        /// The clock's moment of its boot.
        var bootedAt: Int64
        var sent: UInt64 = 0
        var isRunning = true
        /// Until when it says nothing.
        var silentUntil: Int64 = 0
        var vcpu: UInt32 = 2000
        var last: SimulatedBeat?
    }

    private var machines: [Machine] = []
    private var questions: Set<UInt64> = []
    private var lastQuestion: UInt64 = 0

    override var unanswered: String? {
        questions.isEmpty ? nil : "\(questions.count) starts are not answered"
    }

    override func greet(_ speaker: Speaker) {
        speaker.subscribeToOrders()
        isReady = true
    }

    override func reset() {
        questions = []
    }

    override func say(_ speaker: Speaker) -> Bool {
        guard world.isGenerating else { return false }
        if machines.count < 6, world.roll(8) == 0 { return add(speaker) }
        guard !machines.isEmpty, world.roll(3) > 0 else { return false }
        let index = world.roll(machines.count)
        let now = world.clock.steady
        guard machines[index].silentUntil <= now else { return false }
        switch world.roll(24) {
        case 0:
            machines[index].boot += 1
            machines[index].bootedAt = now
            machines[index].sent = 0
        case 1: machines[index].silentUntil = now + Int64(world.roll(8_000_000))
        case 2: machines[index].isRunning.toggle()
        case 3: machines[index].vcpu = UInt32(500 + world.roll(4000))
        case 4:
            // Once more, or late.
            guard let last = machines[index].last else { return false }
            speaker.beat(last)
            return true
        case 5:
            ask(speaker, machines[index])
            return true
        default: break
        }
        machines[index].sent += UInt64(world.roll(100_000_000))
        let beat = SimulatedBeat(
            deployment: machines[index].deployment,
            organisation: machines[index].organisation,
            machine: machines[index].machine,
            boot: "\(machines[index].deployment)-\(machines[index].boot)",
            uptime: UInt64(max(0, now - machines[index].bootedAt)) / 1000,
            isRunning: machines[index].isRunning,
            vcpu: machines[index].vcpu,
            sent: machines[index].sent
        )
        if world.roll(3) == 0 { machines[index].last = beat }
        // Some are lost on the way.
        if world.roll(6) > 0 { speaker.beat(beat) }
        world.statistics.heartbeats += 1
        return true
    }

    private func add(_ speaker: Speaker) -> Bool {
        guard let organisation = world.anyAccount() else { return false }
        let kinds = SimulatedCard.machines
        let machine = Machine(
            deployment: "\(name)-\(machines.count)",
            organisation: organisation,
            machine: kinds[world.roll(kinds.count)],
            bootedAt: world.clock.steady
        )
        machines.append(machine)
        if world.roll(2) == 0 { ask(speaker, machine) }
        return true
    }

    private func ask(_ speaker: Speaker, _ machine: Machine) {
        lastQuestion += 1
        questions.insert(lastQuestion)
        speaker.start(
            machine.deployment,
            machine.organisation,
            machine.machine,
            vcpu: machine.vcpu,
            number: lastQuestion
        )
    }

    override func take(_ message: DaemonMessage) throws(Violation) {
        switch message {
        case .order(let order):
            try expectDurable(order)
            obey(order)
        case .granted(let granted): try answered(granted.request)
        case .refused(let refused): try answered(refused.request)
        case .rejected(let rejection):
            switch rejection.code {
            case .accountClosed, .unknownOrg, .overloaded: break
            // What went on for minutes by a clock that was set back cannot be told from an uptime
            // in another unit; it is taken when the clock has caught up, or the run is over.
            case .badTime where world.clock.wasSetBack: break
            default: throw Violation("unexpected-answer", "\(name): \(rejection)")
            }
            if case .request(let request) = rejection.subject { try answered(request) }
        case .subscribed, .pong: break
        default: throw Violation("unexpected-answer", "\(name): \(message)")
        }
    }

    private func answered(_ request: RequestToken) throws(Violation) {
        guard case .number(let number) = request, questions.remove(number) != nil else {
            throw Violation("unexpected-answer", "\(name): \(request)")
        }
    }

    /// An order that a crash can still take would be another one's after it.
    private func expectDurable(_ order: Order) throws(Violation) {
        let key = Evidence.OrderKey(
            org: UInt32(order.order >> 32),
            number: UInt32(truncatingIfNeeded: order.order)
        )
        guard let known = world.evidence.orders[key], known.position <= world.durableFloor,
            known.deployment == order.deployment
        else { throw Violation("order-unsafe", "\(name): \(order)") }
    }

    private func obey(_ order: Order) {
        guard let index = machines.firstIndex(where: { $0.deployment == order.deployment }),
            let speaker, speaker.socket.clientEnd == .open
        else { return }
        world.statistics.orders += 1
        switch world.roll(4) {
        case 0: return
        case 1: machines[index].isRunning = order.action == .resume
        default:
            machines[index].isRunning = order.action == .resume
            speaker.done(order.order)
        }
    }
}

/// A machine's sign of life, as a client says it.
struct SimulatedBeat {
    var deployment: String
    var organisation: String
    var machine: String
    var boot: String
    var uptime: UInt64
    var isRunning: Bool
    var vcpu: UInt32
    var sent: UInt64
}
