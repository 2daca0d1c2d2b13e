import Quantities

/// Prices of a machine as somebody wrote them down: a unit may be left out.
public struct WrittenMachinePrices: Sendable, Hashable {
    private var prices: [MachinePrice?]

    /// No prices at all.
    public init() {
        prices = Array(repeating: nil, count: MachineUnit.allCases.count)
    }

    /// Makes prices, with gaps where nothing is given.
    ///
    /// - Parameter prices: The prices that were written down.
    public init(_ prices: [MachineUnit: MachinePrice]) {
        self.init()
        for (unit, price) in prices { self[unit] = price }
    }

    /// The price of one unit, if it was written down.
    public subscript(unit: MachineUnit) -> MachinePrice? {
        get { prices[Int(unit.rawValue)] }
        set { prices[Int(unit.rawValue)] = newValue }
    }

    /// The units that have a price, in the order of `MachineUnit`.
    public var units: [MachineUnit] { MachineUnit.allCases.filter { self[$0] != nil } }
    /// Whether no unit has a price.
    public var isEmpty: Bool { units.isEmpty }
}

/// What a machine costs from a moment on, until its next version.
///
/// The units that have a price tell the mode: `hour` for whole hours in advance, the others for
/// what is allocated.
public struct MachineVersion: Sendable, Hashable {
    /// From when it applies; `PriceVersion.always` for a first version without a beginning.
    public var effectiveFrom: Timestamp
    /// The prices while the machine runs.
    public var running: WrittenMachinePrices
    /// The prices while it is stopped; a unit left out follows `content`.
    public var stopped: WrittenMachinePrices

    /// Makes a version.
    ///
    /// - Parameters:
    ///   - effectiveFrom: From when it applies.
    ///   - running: The prices while the machine runs.
    ///   - stopped: The prices while it is stopped.
    public init(
        effectiveFrom: Timestamp = PriceVersion.always,
        running: WrittenMachinePrices,
        stopped: WrittenMachinePrices = WrittenMachinePrices()
    ) {
        self.effectiveFrom = effectiveFrom
        self.running = running
        self.stopped = stopped
    }

    /// How the machine is charged.
    public var mode: MachineMode { running[.hour] == nil ? .continuous : .hourly }

    /// What is charged under this version, without its date and with every gap filled.
    ///
    /// While it is stopped, a machine keeps its storage, and its storage alone: a storage price
    /// that is left out is that of a running machine, and every other price that is left out is 0.
    /// What is sent has one price, whatever the state. A price of a running machine that is missing
    /// is an error of the card (`RateCard.findings`) and counts as 0 here.
    public var content: MachineContent {
        if let hour = running[.hour] {
            return .hourly(HourPrices(running: hour, stopped: stopped[.hour] ?? .free))
        }
        func price(_ unit: MachineUnit) -> MachinePrice { running[unit] ?? .free }
        return .continuous(
            AllocationPrices(
                running: AllocatedPrices(
                    vcpuHour: price(.vcpuHour),
                    memoryGibHour: price(.memoryGibHour),
                    storageGibHour: price(.storageGibHour)
                ),
                stopped: AllocatedPrices(
                    vcpuHour: stopped[.vcpuHour] ?? .free,
                    memoryGibHour: stopped[.memoryGibHour] ?? .free,
                    storageGibHour: stopped[.storageGibHour] ?? price(.storageGibHour)
                ),
                sentGib: price(.sentGib)
            )
        )
    }
}

/// A machine and its prices through time.
public struct MachineRates: Sendable, Hashable {
    /// The machine's name, under which heartbeats report it.
    public var name: String
    /// Other names of the same machine.
    public var aliases: [String]
    /// The price versions, ascending by date, all of one mode.
    public var versions: [MachineVersion]

    /// Makes a machine.
    ///
    /// - Parameters:
    ///   - name: The machine's name.
    ///   - aliases: Other names of the same machine.
    ///   - versions: The price versions, ascending by date.
    public init(name: String, aliases: [String] = [], versions: [MachineVersion]) {
        self.name = name
        self.aliases = aliases
        self.versions = versions
    }
}

/// The prices of machines that somebody would expect on a card; what lies outside earns a warning.
///
/// Why: a price for a month or a second where one for an hour is asked for is the usual slip. The
/// bounds are those of cards whose credit is between a cent and a dollar or euro; a card whose
/// credit is something else states its own.
public struct PlausibleMachinePrices: Sendable, Hashable {
    /// The bounds of one unit.
    public struct Bounds: Sendable, Hashable {
        /// The lowest price above zero that earns no warning.
        public var lowest: MachinePrice
        /// The highest price that earns no warning.
        public var highest: MachinePrice

        /// Makes bounds.
        ///
        /// - Parameters:
        ///   - lowest: The lowest price above zero that earns no warning.
        ///   - highest: The highest price that earns no warning.
        public init(lowest: MachinePrice, highest: MachinePrice) {
            self.lowest = lowest
            self.highest = highest
        }

        /// Bounds in millionths of a credit.
        fileprivate init(millionths lowest: Int64, _ highest: Int64) {
            self.lowest = MachinePrice(units: lowest * 1_000_000)
            self.highest = MachinePrice(units: highest * 1_000_000)
        }
    }

    private var bounds: [Bounds]

    /// The bounds of a card that says nothing else.
    ///
    /// An hour from 0.01 to 50,000 credits, a vCPU-hour from 0.001 to 50, a GiB-hour of memory from
    /// 0.0001 to 20, one of storage from 0.000001 to 0.05, a GiB sent from 0.001 to 100.
    public static let standard = PlausibleMachinePrices(bounds: [
        Bounds(millionths: 10_000, 50_000_000_000), Bounds(millionths: 1_000, 50_000_000),
        Bounds(millionths: 100, 20_000_000), Bounds(millionths: 1, 50_000),
        Bounds(millionths: 1_000, 100_000_000),
    ])

    private init(bounds: [Bounds]) {
        invariant(bounds.count == MachineUnit.allCases.count, "every unit has its bounds")
        self.bounds = bounds
    }

    /// The bounds of one unit.
    public subscript(unit: MachineUnit) -> Bounds {
        get { bounds[Int(unit.rawValue)] }
        set { bounds[Int(unit.rawValue)] = newValue }
    }
}
