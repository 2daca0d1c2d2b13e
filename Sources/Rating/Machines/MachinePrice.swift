import Quantities

/// What one hour, one hour of an allocated quantity, or one GiB costs.
///
/// Units:       10^-12 credit per hour, per vCPU-hour, per GiB-hour or per GiB; `MachineUnit` says
///              which. A GiB is 2^30 bytes.
/// Invariants:  never negative; fits 63 bits, that is up to 9,223,372.036854775807 credits.
/// Why:         the scale of an amount, so that a whole hour never rounds. It is not the scale of a
///              token's price, whose unit is a millionth of what people quote.
@frozen
public struct MachinePrice: Sendable, Hashable, Comparable, BitwiseCopyable {
    /// The price in 10^-12 credit.
    public let units: Int64

    /// Free of charge.
    @inlinable public static var free: MachinePrice { MachinePrice(units: 0) }

    /// Makes a price of so many units.
    ///
    /// - Parameter units: 10^-12 credit; not negative.
    @inlinable
    public init(units: Int64) {
        invariant(units >= 0, "a price is not negative")
        self.units = units
    }

    /// Reads a price in credits, as people quote it ("60", "0.0001").
    ///
    /// - Parameter text: A decimal with at most 12 decimals; may carry an exponent.
    /// - Throws: `DecimalError` when it is not such a number, or is negative.
    public init(decimal text: some StringProtocol) throws(DecimalError) {
        let units = try DecimalText.scaled(text.utf8, decimals: Amount.decimals, exponent: true)
        guard units >= 0, units <= Int128(Int64.max) else { throw .outOfRange }
        self.units = Int64(units)
    }

    /// The price as an amount of credits.
    @inlinable public var amount: Amount { Amount(units: Int128(units)) }

    /// How many of what is priced an amount pays for: whole ones only.
    ///
    /// - Parameter amount: What there is.
    /// - Returns: The number, `Int64.max` when there is no end to it; 0 when the amount is below
    ///   zero, be the price what it may.
    public func count(coveredBy amount: Amount) -> Int64 {
        guard !amount.isNegative else { return 0 }
        guard units > 0 else { return .max }
        // A number, not money, so it is cut off and not rounded.
        return Int64(clamping: amount.units / Int128(units))
    }

    /// Orders by value.
    @inlinable
    public static func < (left: MachinePrice, right: MachinePrice) -> Bool {
        left.units < right.units
    }
}

extension MachinePrice: CustomStringConvertible {
    /// The price in credits, as a canonical decimal.
    public var description: String { amount.description }
}

/// What a price of a machine is for.
public enum MachineUnit: UInt8, Sendable, Hashable, CaseIterable {
    /// A whole hour of the machine, whatever it is allocated, charged in advance.
    case hour = 0
    /// One vCPU for an hour.
    case vcpuHour = 1
    /// One GiB of memory for an hour.
    case memoryGibHour = 2
    /// One GiB of storage for an hour.
    case storageGibHour = 3
    /// One GiB sent.
    case sentGib = 4

    /// What is charged continuously for as long as it is allocated.
    public static let allocated: [MachineUnit] = [.vcpuHour, .memoryGibHour, .storageGibHour]
    /// Everything that a machine priced by allocation has a price for.
    public static let continuous: [MachineUnit] = allocated + [.sentGib]

    /// The name in rate cards, canonical texts and reports.
    public var name: String {
        switch self {
        case .hour: "hour"
        case .vcpuHour: "vcpu_hour"
        case .memoryGibHour: "memory_gib_hour"
        case .storageGibHour: "storage_gib_hour"
        case .sentGib: "sent_gib"
        }
    }
}

/// How a machine is charged.
public enum MachineMode: String, Sendable, Hashable {
    /// By whole hours in advance: the first at the start, then each hour; a begun one counts whole.
    case hourly
    /// Continuously by what is allocated, and by what is sent.
    case continuous
}

/// Whether a machine runs; the two states have prices of their own.
@frozen
public enum MachineState: UInt8, Sendable, Hashable, CaseIterable {
    /// It runs.
    case running = 0
    /// It is stopped, and may still hold storage.
    case stopped = 1

    /// The name in canonical texts and reports.
    public var name: String {
        switch self {
        case .running: "running"
        case .stopped: "stopped"
        }
    }
}

/// What a machine is given, whether or not it uses it.
///
/// Units:       thousandths of a vCPU and of a GiB of 2^30 bytes, as heartbeats carry them: up to
///              4,294,967.295 of each.
@frozen
public struct MachineAllocation: Sendable, Hashable, BitwiseCopyable {
    /// vCPUs, in thousandths.
    public var vcpuThousandths: UInt32
    /// GiB of memory, in thousandths.
    public var memoryThousandths: UInt32
    /// GiB of storage, in thousandths.
    public var storageThousandths: UInt32

    /// Makes an allocation.
    ///
    /// - Parameters:
    ///   - vcpuThousandths: vCPUs, in thousandths.
    ///   - memoryThousandths: GiB of memory, in thousandths.
    ///   - storageThousandths: GiB of storage, in thousandths.
    @inlinable
    public init(
        vcpuThousandths: UInt32 = 0,
        memoryThousandths: UInt32 = 0,
        storageThousandths: UInt32 = 0
    ) {
        self.vcpuThousandths = vcpuThousandths
        self.memoryThousandths = memoryThousandths
        self.storageThousandths = storageThousandths
    }
}
