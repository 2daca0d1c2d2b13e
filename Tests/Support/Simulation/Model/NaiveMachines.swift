/// Prices of machines in whole numbers of 10^-12 credit, as an accountant would keep them.
package struct NaiveMachineCard: Sendable {
    /// What a machine costs from a moment on.
    package struct Price: Sendable {
        package var from: Int64
        /// An hour in advance, running and stopped; nil for a machine that is charged by time.
        package var hour: (running: Int128, stopped: Int128)?
        /// An hour of a vCPU, of a GiB of memory and of storage, running and stopped; a GiB sent.
        package var running: [Int128]
        package var stopped: [Int128]
        package var gib: Int128

        package init(
            from: Int64,
            hour: (running: Int128, stopped: Int128)?,
            running: [Int128],
            stopped: [Int128],
            gib: Int128
        ) {
            self.from = from
            self.hour = hour
            self.running = running
            self.stopped = stopped
            self.gib = gib
        }
    }

    /// The prices of each machine, the earliest first.
    package var prices: [UInt32: [Price]]

    package init(prices: [UInt32: [Price]] = [:]) {
        self.prices = prices
    }

    /// What applies at a moment.
    package func price(of machine: UInt32, at moment: Int64) -> Price? {
        prices[machine]?.last { $0.from <= moment }
    }

    /// When the price of a moment ends.
    func end(of machine: UInt32, after moment: Int64) -> Int64 {
        prices[machine]?.first { $0.from > moment }?.from ?? .max
    }

    /// What an hour costs, in thousandths of 10^-12 credit.
    func rate(of machine: UInt32, _ size: NaiveSize, running: Bool, at moment: Int64) -> Int128 {
        guard let price = price(of: machine, at: moment) else { return 0 }
        if let hour = price.hour { return (running ? hour.running : hour.stopped) * 1000 }
        let each = running ? price.running : price.stopped
        return Int128(size.vcpu) * each[0] + Int128(size.memory) * each[1]
            + Int128(size.storage) * each[2]
    }
}

/// What a machine is given, in thousandths.
package struct NaiveSize: Hashable, Sendable {
    package var vcpu: UInt32
    package var memory: UInt32
    package var storage: UInt32

    package init(vcpu: UInt32, memory: UInt32, storage: UInt32) {
        self.vcpu = vcpu
        self.memory = memory
        self.storage = storage
    }
}

/// The times that the operator sets for machines, in microseconds.
package struct NaiveMachineRules: Sendable {
    package var grace: Int64 = 120_000_000
    package var margin: Int64 = 300_000_000
    package var stop: Int64 = 300_000_000
    package var lease: Int64 = 600_000_000
    package var line: Int64 = 60_000_000
    package var late: Int64 = 35 * 86_400_000_000
    package var most = 1000

    package init() {}
}

/// What a machine says.
package struct NaiveSample {
    package var machine: UInt32
    package var boot: UInt128
    /// In milliseconds.
    package var uptime: UInt64
    package var at: Int64
    package var running: Bool
    package var size: NaiveSize
    package var sent: UInt64?

    package init(
        machine: UInt32,
        boot: UInt128,
        uptime: UInt64,
        at: Int64,
        running: Bool,
        size: NaiveSize,
        sent: UInt64?
    ) {
        self.machine = machine
        self.boot = boot
        self.uptime = uptime
        self.at = at
        self.running = running
        self.size = size
        self.sent = sent
    }

    var bootedAt: Int64 { at - Int64(uptime) * 1000 }
}

package enum NaiveLease: UInt8 {
    case none
    case open
    case blocked
    case resuming
}

/// What a machine was told to do, and was not done yet.
package struct NaiveOrder: Equatable {
    package var number: UInt32
    package var isStop: Bool
}

/// Something of a customer's that runs on a machine.
package struct NaiveMachine {
    package var name: String
    package var project: UInt32 = 0
    package var hold: UInt64 = 0
    package var lease = NaiveLease.none
    package var isCapped = false
    /// Since when it is blocked.
    package var since: Int64 = .max
    /// When it was told to stop again.
    var toldAt: Int64 = .min
    package var needed: Int128 = 0
    package var order: NaiveOrder?
    package var running: NaiveRunning?
    var boots: [UInt128] = []
    /// All that was charged for it, summed for each day.
    var charges: [Int64: Int128] = [:]

    init(name: String) {
        self.name = name
    }
}

/// From a machine's start, or its return, until its end; the cost is summed up anew from the list
/// of what it was given for how long, each time somebody asks.
package struct NaiveRunning {
    /// So long at such a rate.
    struct Stretch {
        var rate: Int128
        var time: Int64
    }

    package var number: UInt32
    package var machine: UInt32
    package var boot: UInt128
    package var isHourly: Bool
    var bootedAt: Int64
    package var began: Int64
    package var uptime: UInt64
    /// When the last sample came in, by our clock; nil before the first one.
    package var heard: Int64?
    package var isRunning: Bool
    package var size: NaiveSize
    package var sent: UInt64 = 0
    package var ended: Int64?
    /// By the hour: when the next one begins, and whether the present one is paid as running.
    package var nextHour: Int64
    package var isPaidRunning = false
    package var hours: [Int128] = []
    /// By time: all of it, and up to when it goes; bytes and what a GiB of them costs.
    var stretches: [Stretch] = []
    var counted: Int64
    var traffic: [(bytes: UInt64, price: Int128)] = []
    var lastLine: Int64
    package var debited: Int128 = 0
    package var rate: Int128 = 0

    package var isAlive: Bool { ended == nil }
    /// The moment that the last sample spoke of.
    package var told: Int64 { max(began, bootedAt + Int64(uptime) * 1000) }

    /// The exact total, rounded once, half to even.
    package var cost: Int128 {
        if isHourly { return hours.reduce(0, +) }
        let hour: Int128 = 3_600_000_000_000
        let gib: Int128 = 1 << 30
        let time = stretches.reduce(Int128(0)) { $0 + $1.rate * Int128($1.time) }
        let bytes = traffic.reduce(Int128(0)) { $0 + $1.price * Int128($1.bytes) }
        let (whole, rest) = (time * gib + bytes * hour).quotientAndRemainder(
            dividingBy: hour * gib
        )
        let twice = rest * 2
        if twice == hour * gib { return whole + whole % 2 }
        return twice > hour * gib ? whole + 1 : whole
    }

    package var open: Int128 { cost - debited }
}

/// The machines of an organisation, by the numbers of their places.
package struct NaiveFleet {
    package var machines: [NaiveMachine] = []
    package var card = NaiveMachineCard()
    package var rules = NaiveMachineRules()
    /// The numbers given last.
    package var lastRun: UInt32 = 0
    package var lastOrder: UInt32 = 0
    /// The ledger's lines that charge machines.
    package var lines: [UInt64] = []
    /// The day at which the costs of machines were judged last.
    var judgedDay: Int64 = .min

    package init() {}
}

/// What a machine may not cost in a period: 1 day, 2 week, 3 month, 4 for ever.
package struct NaiveDearness: Hashable {
    package var period: UInt8
    package var amount: Int128

    package init(period: UInt8, amount: Int128) {
        self.period = period
        self.amount = amount
    }
}

/// That the machine of a place has cost so much.
package struct NaiveDear: Hashable {
    package var place: UInt32
    package var limit: NaiveDearness

    package init(place: UInt32, limit: NaiveDearness) {
        self.place = place
        self.limit = limit
    }
}
