import Wire

/// What is asked before a machine starts: the credits of its first hour, or of its margin, are
/// held until it is seen running.
public struct MachineStartCall: Sendable, Hashable {
    /// Who pays.
    public var account: MeterAccount
    /// The project within the organisation.
    public var project: String?
    /// The deployment, 1 to 64 bytes.
    public var deployment: String
    /// The machine's name on the rate card.
    public var machine: String
    /// The virtual processors that it is to have, in thousandths.
    public var vcpuThousandths: UInt32?
    /// The memory that it is to have, in thousandths of a GiB.
    public var memoryThousandths: UInt32?
    /// The storage that it is to have, in thousandths of a GiB.
    public var storageThousandths: UInt32?

    /// Makes a call with the fields that every call has.
    ///
    /// - Parameters:
    ///   - account: Who pays.
    ///   - deployment: The deployment.
    ///   - machine: The machine's name on the rate card.
    public init(account: MeterAccount, deployment: String, machine: String) {
        self.account = account
        self.deployment = deployment
        self.machine = machine
    }
}
