/// The name of a key, organisation, project, model, provider or machine in a message.
///
/// Binary connections intern each name once and then send its index; JSON lines send the text.
@frozen
public enum WireName: Sendable, Hashable {
    /// The message does not carry this name.
    case absent
    /// The connection's interned name with this index, of the field's kind (binary).
    case index(UInt32)
    /// The name itself (JSON lines).
    case text(ByteRange)

    /// Whether the message does not carry this name.
    @inlinable public var isAbsent: Bool {
        if case .absent = self { true } else { false }
    }
}

/// What an interned name names; each kind counts its indexes by itself.
@frozen
public enum NameKind: UInt8, Sendable, Hashable, CaseIterable {
    /// An API key.
    case key = 1
    /// An organisation.
    case org = 2
    /// A project of an organisation.
    case project = 3
    /// A model on the rate card.
    case model = 4
    /// A provider that serves models.
    case provider = 5
    /// A machine on the rate card.
    case machine = 6
}

/// How the account of a message is named.
@frozen
public enum AccountKind: UInt8, Sendable, Hashable {
    /// By an API key.
    case key = 0
    /// By the organisation itself.
    case org = 1

    /// The kind of the name that names the account.
    @inlinable public var nameKind: NameKind { self == .key ? .key : .org }
}

/// How many names of each kind a binary connection has interned so far.
///
/// Invariants:  indexes are contiguous from 0 in each kind, and below 65,536.
/// Why:         the decoder can promise that every index it hands out was defined before.
@frozen
public struct NameCounts: Sendable, Hashable {
    /// How many names each kind may have on one connection.
    public static let maximumPerKind: UInt32 = 65_536

    @usableFromInline var key: UInt32 = 0
    @usableFromInline var org: UInt32 = 0
    @usableFromInline var project: UInt32 = 0
    @usableFromInline var model: UInt32 = 0
    @usableFromInline var provider: UInt32 = 0
    @usableFromInline var machine: UInt32 = 0

    /// Starts with no names.
    public init() {}

    /// How many names of a kind there are.
    ///
    /// - Parameter kind: What they name.
    @inlinable
    public subscript(kind: NameKind) -> UInt32 {
        get {
            switch kind {
            case .key: key
            case .org: org
            case .project: project
            case .model: model
            case .provider: provider
            case .machine: machine
            }
        }
        set {
            switch kind {
            case .key: key = newValue
            case .org: org = newValue
            case .project: project = newValue
            case .model: model = newValue
            case .provider: provider = newValue
            case .machine: machine = newValue
            }
        }
    }
}
