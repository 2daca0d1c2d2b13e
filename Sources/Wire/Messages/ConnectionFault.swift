/// The connection itself is at fault: it gets an `error` and is closed.
///
/// A `Rejection` is the other kind: one message was wrong, and the connection goes on.
public struct ConnectionFault: Error, Sendable, Hashable {
    /// What kind of fault; the list only grows.
    @frozen
    public enum Code: UInt8, Sendable, Hashable, CaseIterable {
        /// The bytes are no frame or no JSON object, or break the layout.
        case malformed = 1
        /// A frame or line is longer than the connection's limit.
        case tooLarge = 2
        /// The protocol version is not one that this daemon speaks.
        case unsupportedVersion = 3
        /// There is no message of this type.
        case unknownType = 4
        /// An interned name is used before it is defined, or defined out of order.
        case unknownName = 5
        /// The daemon cannot take more usage now; connect again and resume.
        case overloaded = 6
        /// The daemon is stopping; connect again and resume.
        case shuttingDown = 7
        /// Another connection has introduced itself with the same producer name.
        case producerInUse = 8
        /// This peer may not speak to the daemon, or not at this point.
        case notAllowed = 9

        /// The code as it is written in JSON lines, logs and metrics.
        public var name: StaticString {
            switch self {
            case .malformed: "malformed"
            case .tooLarge: "too_large"
            case .unsupportedVersion: "unsupported_version"
            case .unknownType: "unknown_type"
            case .unknownName: "unknown_name"
            case .overloaded: "overloaded"
            case .shuttingDown: "shutting_down"
            case .producerInUse: "producer_in_use"
            case .notAllowed: "not_allowed"
            }
        }
    }

    /// What kind of fault.
    public var code: Code
    /// What is wrong, as a sentence.
    public var message: String

    /// Makes a fault.
    ///
    /// - Parameters:
    ///   - code: What kind of fault.
    ///   - message: What is wrong, as a sentence.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }
}
