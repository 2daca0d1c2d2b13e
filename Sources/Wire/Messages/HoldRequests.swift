import Quantities

/// Asks whether a request may run, and holds what it may cost.
@frozen
public struct AuthorizeRequest: Sendable, Hashable {
    /// The client's name for this request, echoed.
    public var request: RequestToken
    /// Whether `account` names a key or an organisation.
    public var accountKind: AccountKind
    /// Who pays.
    public var account: WireName
    /// The project within the organisation.
    public var project: WireName = .absent
    /// The model that is asked.
    public var model: WireName
    /// Who serves the model.
    public var provider: WireName = .absent
    /// The most input tokens it can use.
    public var maxInputTokens: UInt32?
    /// The most output tokens it can use.
    public var maxOutputTokens: UInt32?
    /// How long the hold should live.
    public var ttlMilliseconds: UInt32?

    /// Makes a request with the fields that every request has.
    ///
    /// - Parameters:
    ///   - request: The client's name for this request, echoed.
    ///   - accountKind: Whether `account` names a key or an organisation.
    ///   - account: Who pays.
    ///   - model: The model that is asked.
    public init(
        request: RequestToken,
        accountKind: AccountKind,
        account: WireName,
        model: WireName
    ) {
        self.request = request
        self.accountKind = accountKind
        self.account = account
        self.model = model
    }
}

/// Asks for more on a hold, and tells what has been used so far.
@frozen
public struct ExtendRequest: Sendable, Hashable {
    /// The client's name for this request, echoed.
    public var request: RequestToken
    /// The hold to extend.
    public var hold: HoldNumber
    /// What has been used so far, since the request began.
    public var tokens: TokenCounts
    /// The most output tokens that the whole request can use.
    public var maxOutputTokens: UInt32?

    /// Makes a request.
    ///
    /// - Parameters:
    ///   - request: The client's name for this request, echoed.
    ///   - hold: The hold to extend.
    ///   - tokens: What has been used so far, since the request began.
    ///   - maxOutputTokens: The most output tokens that the whole request can use.
    public init(
        request: RequestToken,
        hold: HoldNumber,
        tokens: TokenCounts,
        maxOutputTokens: UInt32? = nil
    ) {
        self.request = request
        self.hold = hold
        self.tokens = tokens
        self.maxOutputTokens = maxOutputTokens
    }
}

/// Gives a hold back: nothing was used.
@frozen
public struct ReleaseRequest: Sendable, Hashable {
    /// The client's name for this request, echoed; may be absent.
    public var request: RequestToken
    /// The hold to give back.
    public var hold: HoldNumber

    /// Makes a request.
    ///
    /// - Parameters:
    ///   - hold: The hold to give back.
    ///   - request: The client's name for this request, echoed; may be absent.
    public init(hold: HoldNumber, request: RequestToken = .absent) {
        self.request = request
        self.hold = hold
    }
}
