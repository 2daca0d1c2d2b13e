import Quantities

/// Asks whether a machine may start, and holds its first hour or its margin: the `authorize` that
/// names a machine.
@frozen
public struct MachineAuthorizeRequest: Sendable, Hashable {
    /// The client's name for this request, echoed.
    public var request: RequestToken
    /// Whether `account` names a key or an organisation.
    public var accountKind: AccountKind
    /// Who pays.
    public var account: WireName
    /// The project within the organisation.
    public var project: WireName = .absent
    /// The machine's name on the rate card.
    public var machine: WireName
    /// The deployment, 1 to 64 bytes.
    public var deployment: ByteRange
    /// The virtual processors that it is to have, in thousandths.
    public var vcpuThousandths: UInt32?
    /// The memory that it is to have, in thousandths of a GiB.
    public var memoryThousandths: UInt32?
    /// The storage that it is to have, in thousandths of a GiB.
    public var storageThousandths: UInt32?

    /// Makes a request with the fields that every request has.
    ///
    /// - Parameters:
    ///   - request: The client's name for this request, echoed.
    ///   - accountKind: Whether `account` names a key or an organisation.
    ///   - account: Who pays.
    ///   - machine: The machine's name on the rate card.
    ///   - deployment: The deployment, 1 to 64 bytes.
    public init(
        request: RequestToken,
        accountKind: AccountKind,
        account: WireName,
        machine: WireName,
        deployment: ByteRange
    ) {
        self.request = request
        self.accountKind = accountKind
        self.account = account
        self.machine = machine
        self.deployment = deployment
    }
}
