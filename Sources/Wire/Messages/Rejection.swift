/// Why one message was not taken; the list only grows.
@frozen
public enum RejectionCode: UInt8, Sendable, Hashable, CaseIterable {
    /// A field is missing, of the wrong type, or has a value that it cannot have.
    case malformed = 1
    /// A text is longer than its field allows.
    case tooLarge = 2
    /// There is no such organisation.
    case unknownOrg = 3
    /// There is no such key, or it is revoked.
    case invalidKey = 4
    /// No rate card prices this model.
    case unknownModel = 5
    /// No rate card prices this machine.
    case unknownMachine = 6
    /// The parts of the token counts exceed their totals, or a count is no count.
    case badTokenCounts = 7
    /// A time is unreadable, or too far from now.
    case badTime = 8
    /// The same id was reported before with other content.
    case conflict = 9
    /// Sequence numbers are missing before this one; the message names the one expected.
    case sequenceGap = 10
    /// The account is closed.
    case accountClosed = 11
    /// The daemon cannot take it now; only after this code may the same message be tried again.
    case overloaded = 12
    /// There is no such hold: it was settled, released, or has lapsed.
    case unknownHold = 13

    /// The code as it is written in JSON lines, logs and metrics.
    public var name: StaticString {
        switch self {
        case .malformed: "malformed"
        case .tooLarge: "too_large"
        case .unknownOrg: "unknown_org"
        case .invalidKey: "invalid_key"
        case .unknownModel: "unknown_model"
        case .unknownMachine: "unknown_machine"
        case .badTokenCounts: "bad_token_counts"
        case .badTime: "bad_time"
        case .conflict: "conflict"
        case .sequenceGap: "sequence_gap"
        case .accountClosed: "account_closed"
        case .overloaded: "overloaded"
        case .unknownHold: "unknown_hold"
        }
    }
}

/// One message was not taken, and will not be if it is sent again unchanged.
public struct Rejection: Error, Sendable, Hashable {
    /// Which message was rejected.
    public enum Subject: Sendable, Hashable {
        /// Its sequence, request and id could not be read.
        case unknown
        /// The one with this sequence number.
        case sequence(UInt64)
        /// The one with this request.
        case request(RequestToken)
        /// The one with this id, which had no sequence number.
        case id(ShortText)
    }

    /// Why it was not taken.
    public var code: RejectionCode
    /// Which message was rejected.
    public var subject: Subject
    /// What is wrong, with the field and its value.
    public var message: String

    /// Makes a rejection.
    ///
    /// - Parameters:
    ///   - code: Why it was not taken.
    ///   - subject: Which message was rejected.
    ///   - message: What is wrong, with the field and its value.
    public init(_ code: RejectionCode, subject: Subject, message: String) {
        self.code = code
        self.subject = subject
        self.message = message
    }

    /// The rejection of a sequence number that leaves out others.
    ///
    /// - Parameters:
    ///   - sequence: The one that came.
    ///   - expected: The one that must come next.
    /// - Returns: The rejection.
    public static func sequenceGap(_ sequence: UInt64, expected: UInt64) -> Rejection {
        Rejection(
            .sequenceGap,
            subject: .sequence(sequence),
            message: "field \"sequence\": \(sequence) leaves a gap; expected \(expected)"
        )
    }
}
