import Quantities

/// The prices of whole hours.
public struct HourPrices: Sendable, Hashable {
    /// An hour that begins while the machine runs.
    public var running: MachinePrice
    /// An hour that begins while it is stopped.
    public var stopped: MachinePrice

    /// Makes prices.
    ///
    /// - Parameters:
    ///   - running: An hour that begins while the machine runs.
    ///   - stopped: An hour that begins while it is stopped.
    public init(running: MachinePrice, stopped: MachinePrice) {
        self.running = running
        self.stopped = stopped
    }

    /// The price in one state.
    public subscript(state: MachineState) -> MachinePrice {
        switch state {
        case .running: running
        case .stopped: stopped
        }
    }
}

/// The prices of what is allocated, in one state.
public struct AllocatedPrices: Sendable, Hashable {
    /// One vCPU for an hour.
    public var vcpuHour: MachinePrice
    /// One GiB of memory for an hour.
    public var memoryGibHour: MachinePrice
    /// One GiB of storage for an hour.
    public var storageGibHour: MachinePrice

    /// Makes prices.
    ///
    /// - Parameters:
    ///   - vcpuHour: One vCPU for an hour.
    ///   - memoryGibHour: One GiB of memory for an hour.
    ///   - storageGibHour: One GiB of storage for an hour.
    public init(
        vcpuHour: MachinePrice,
        memoryGibHour: MachinePrice,
        storageGibHour: MachinePrice
    ) {
        self.vcpuHour = vcpuHour
        self.memoryGibHour = memoryGibHour
        self.storageGibHour = storageGibHour
    }

    /// The prices in the order of `MachineUnit.allocated`.
    public var list: [MachinePrice] { [vcpuHour, memoryGibHour, storageGibHour] }
}

/// The prices of a machine that is charged by allocation.
public struct AllocationPrices: Sendable, Hashable {
    /// What is allocated while the machine runs.
    public var running: AllocatedPrices
    /// What is allocated while it is stopped.
    public var stopped: AllocatedPrices
    /// One GiB sent, whatever the state.
    public var sentGib: MachinePrice

    /// Makes prices.
    ///
    /// - Parameters:
    ///   - running: What is allocated while the machine runs.
    ///   - stopped: What is allocated while it is stopped.
    ///   - sentGib: One GiB sent, whatever the state.
    public init(running: AllocatedPrices, stopped: AllocatedPrices, sentGib: MachinePrice) {
        self.running = running
        self.stopped = stopped
        self.sentGib = sentGib
    }

    /// The prices in one state.
    public subscript(state: MachineState) -> AllocatedPrices {
        switch state {
        case .running: running
        case .stopped: stopped
        }
    }
}

/// What a price version of a machine charges, complete in itself.
///
/// Why: as with `PriceContent`, this is what stays on a charge: every gap is filled, and the date
/// is not part of it.
public enum MachineContent: Sendable, Hashable {
    /// Whole hours in advance.
    case hourly(HourPrices)
    /// What is allocated, continuously.
    case continuous(AllocationPrices)

    /// How the machine is charged.
    public var mode: MachineMode {
        switch self {
        case .hourly: .hourly
        case .continuous: .continuous
        }
    }

    /// How fast a machine costs in a state.
    ///
    /// - Parameters:
    ///   - state: Whether it runs.
    ///   - allocation: What it is allocated; a price by the hour does not depend on it.
    /// - Returns: The rate; what is sent is not part of it.
    public func burnRate(_ state: MachineState, _ allocation: MachineAllocation) -> BurnRate {
        switch self {
        case .hourly(let prices): BurnRate(perHour: prices[state])
        case .continuous(let prices): BurnRate(prices[state], allocation)
        }
    }

    /// The price of a GiB sent; a machine that is charged by the hour sends for nothing.
    public var sentGib: MachinePrice {
        switch self {
        case .hourly: .free
        case .continuous(let prices): prices.sentGib
        }
    }
}

// MARK: - Canonical text

extension MachineContent {
    /// The content as one line of text, for the journal, for SQL and for auditors.
    ///
    /// Layout: `hour 60; stopped: hour 0`, or `vcpu_hour 0.02, memory_gib_hour 0.005,
    /// storage_gib_hour 0.0001, sent_gib 0.09; stopped: vcpu_hour 0, memory_gib_hour 0,
    /// storage_gib_hour 0.0001`, in one line; prices in credits. Equal contents have equal texts,
    /// the text reads back to the same content, and no text is that of a price of tokens.
    public var canonicalText: String {
        switch self {
        case .hourly(let prices):
            return "hour \(prices.running); stopped: hour \(prices.stopped)"
        case .continuous(let prices):
            let running = MachineContent.text(prices.running.list + [prices.sentGib])
            return running + "; stopped: " + MachineContent.text(prices.stopped.list)
        }
    }

    private static func text(_ prices: [MachinePrice]) -> String {
        zip(MachineUnit.continuous, prices).map { "\($0.name) \($1)" }.joined(separator: ", ")
    }

    /// Reads a canonical text, or nil when it is none.
    ///
    /// - Parameter text: What `canonicalText` gave.
    public init?(canonicalText text: some StringProtocol) {
        let parts = text.split(separator: ";", omittingEmptySubsequences: false)
        let mark = " stopped: "
        guard parts.count == 2, parts[1].hasPrefix(mark) else { return nil }
        let stoppedText = parts[1].dropFirst(mark.count)
        if parts[0].hasPrefix("hour ") {
            guard let running = MachineContent.prices(parts[0], of: [.hour]),
                let stopped = MachineContent.prices(stoppedText, of: [.hour])
            else { return nil }
            self = .hourly(HourPrices(running: running[0], stopped: stopped[0]))
        } else {
            guard let running = MachineContent.prices(parts[0], of: MachineUnit.continuous),
                let stopped = MachineContent.prices(stoppedText, of: MachineUnit.allocated)
            else { return nil }
            func allocated(_ prices: [MachinePrice]) -> AllocatedPrices {
                AllocatedPrices(
                    vcpuHour: prices[0],
                    memoryGibHour: prices[1],
                    storageGibHour: prices[2]
                )
            }
            self = .continuous(
                AllocationPrices(
                    running: allocated(running),
                    stopped: allocated(stopped),
                    sentGib: running[3]
                )
            )
        }
        // One content has one text: "60.0" for "60" would give the same content a second identity.
        guard canonicalText == text else { return nil }
    }

    private static func prices(
        _ text: some StringProtocol,
        of units: [MachineUnit]
    ) -> [MachinePrice]? {
        let parts = text.split(separator: ",", omittingEmptySubsequences: false)
        guard parts.count == units.count else { return nil }
        var prices: [MachinePrice] = []
        for (unit, part) in zip(units, parts) {
            let words = part.split(separator: " ")
            guard words.count == 2, words[0] == unit.name else { return nil }
            do throws(DecimalError) {
                prices.append(try MachinePrice(decimal: words[1]))
            } catch {
                return nil
            }
        }
        return prices
    }
}

extension MachineContent: CustomStringConvertible {
    /// The canonical text.
    public var description: String { canonicalText }
}
