import Quantities

/// What one request used.
///
/// Invariants:  as decoded, `tokens.isConsistent`, `id` has 1 to 64 bytes, `session` at most 64,
///              and `account` and `model` are there.
@frozen
public struct UsageReport: Sendable, Hashable {
    /// The producer's sequence number; 0 when none was given.
    public var sequence: UInt64 = 0
    /// The request's own id.
    public var id: ByteRange
    /// Whether `account` names a key or an organisation.
    public var accountKind: AccountKind
    /// Whether the request failed.
    public var failed = false
    /// Whether a gateway's own cache answered it.
    public var cacheHit = false
    /// How long it took; 0 when not given.
    public var latencyMilliseconds: UInt32 = 0
    /// Who pays.
    public var account: WireName
    /// The project within the organisation.
    public var project: WireName = .absent
    /// The model that answered.
    public var model: WireName
    /// Who served the model.
    public var provider: WireName = .absent
    /// The user's session, for reports.
    public var session: ByteRange = .empty
    /// What was used.
    public var tokens: TokenCounts
    /// When it happened; nil means now.
    public var at: Timestamp?
    /// The hold that this usage settles.
    public var hold: HoldNumber?

    /// Makes an empty report, to be filled by a reader.
    @inlinable
    public init() {
        id = .empty
        accountKind = .key
        account = .absent
        model = .absent
        tokens = TokenCounts()
    }

    /// Makes a report with the fields that every report has.
    ///
    /// - Parameters:
    ///   - sequence: The producer's sequence number; 0 when there is none.
    ///   - id: The request's own id.
    ///   - accountKind: Whether `account` names a key or an organisation.
    ///   - account: Who pays.
    ///   - model: The model that answered.
    ///   - tokens: What was used.
    @inlinable
    public init(
        sequence: UInt64 = 0,
        id: ByteRange,
        accountKind: AccountKind,
        account: WireName,
        model: WireName,
        tokens: TokenCounts
    ) {
        self.sequence = sequence
        self.id = id
        self.accountKind = accountKind
        self.account = account
        self.model = model
        self.tokens = tokens
    }
}
