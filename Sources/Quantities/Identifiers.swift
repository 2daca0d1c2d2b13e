/// The number of an organisation: given once, from 1 upwards, never reused.
@frozen
public struct OrgNumber: Sendable, Hashable, Comparable, BitwiseCopyable {
    /// The number itself.
    public let raw: UInt32

    /// Wraps a number.
    ///
    /// - Parameter raw: The number itself.
    @inlinable
    public init(_ raw: UInt32) {
        self.raw = raw
    }

    /// Orders by number.
    @inlinable
    public static func < (left: OrgNumber, right: OrgNumber) -> Bool {
        left.raw < right.raw
    }
}

/// The name of a hold: the organisation and a serial number within it.
///
/// In text it is `"<org>-<serial>"`; clients treat it as opaque.
@frozen
public struct HoldNumber: Sendable, Hashable, BitwiseCopyable {
    /// Whose wallet it holds.
    public let org: OrgNumber
    /// The serial number within the organisation, from 1.
    public let serial: UInt64

    /// Names a hold.
    ///
    /// - Parameters:
    ///   - org: Whose wallet it holds.
    ///   - serial: The serial number within the organisation, from 1.
    @inlinable
    public init(org: OrgNumber, serial: UInt64) {
        self.org = org
        self.serial = serial
    }

    /// Reads `"<org>-<serial>"`, or nil when it is none.
    ///
    /// - Parameter text: What a client sent back.
    public init?(text: some StringProtocol) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, let org = UInt32(parts[0]), let serial = UInt64(parts[1]),
            org > 0, serial > 0
        else { return nil }
        self.init(org: OrgNumber(org), serial: serial)
        // One hold has one name: "+1-5" and "01-5" are none.
        guard description == text else { return nil }
    }
}

extension HoldNumber: CustomStringConvertible {
    /// `"<org>-<serial>"`.
    public var description: String { "\(org.raw)-\(serial)" }
}
