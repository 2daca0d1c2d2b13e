import Quantities

/// A machine's sign of life, with its totals since boot.
///
/// Units:       vCPUs and GiB in thousandths, so that half a vCPU has no rounding.
@frozen
public struct HeartbeatReport: Sendable, Hashable {
    /// What a machine is doing.
    @frozen
    public enum State: UInt8, Sendable, Hashable, CaseIterable {
        /// It runs and costs.
        case running = 0
        /// It has stopped.
        case stopped = 1
    }

    /// The producer's sequence number; 0 when none was given.
    public var sequence: UInt64 = 0
    /// The deployment, 1 to 64 bytes.
    public var deployment: ByteRange
    /// The id of this boot, 1 to 64 bytes.
    public var boot: ByteRange
    /// The organisation that pays.
    public var org: WireName
    /// The machine's name on the rate card.
    public var machine: WireName
    /// How long it has been up since this boot.
    public var uptimeMilliseconds: UInt64
    /// What it is doing.
    public var state: State
    /// Its virtual processors, in thousandths.
    public var vcpuThousandths: UInt32?
    /// Its memory in thousandths of a GiB.
    public var memoryThousandths: UInt32?
    /// Its storage in thousandths of a GiB.
    public var storageThousandths: UInt32?
    /// Bytes sent since boot, in total.
    public var sentBytes: UInt64?
    /// When it was so, for a report that waited; nil: now.
    public var at: Timestamp?

    /// Makes a report with the fields that every report has.
    ///
    /// - Parameters:
    ///   - sequence: The producer's sequence number; 0 when there is none.
    ///   - deployment: The deployment.
    ///   - boot: The id of this boot.
    ///   - org: The organisation that pays.
    ///   - machine: The machine's name on the rate card.
    ///   - uptimeMilliseconds: How long it has been up since this boot.
    ///   - state: What it is doing.
    public init(
        sequence: UInt64 = 0,
        deployment: ByteRange,
        boot: ByteRange,
        org: WireName,
        machine: WireName,
        uptimeMilliseconds: UInt64,
        state: State
    ) {
        self.sequence = sequence
        self.deployment = deployment
        self.boot = boot
        self.org = org
        self.machine = machine
        self.uptimeMilliseconds = uptimeMilliseconds
        self.state = state
    }
}

extension HeartbeatReport.State {
    var name: StaticString {
        switch self {
        case .running: "running"
        case .stopped: "stopped"
        }
    }
}
