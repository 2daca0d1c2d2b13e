import Quantities
import Wire

/// What a gateway asks before it lets a request run.
public struct AuthorizeCall: Sendable, Hashable {
    /// Who pays.
    public var account: MeterAccount
    /// The project within the organisation.
    public var project: String?
    /// The model that is asked.
    public var model: String
    /// Who serves the model.
    public var provider: String?
    /// The most input tokens it can use.
    public var maxInputTokens: UInt32?
    /// The most output tokens it can use.
    public var maxOutputTokens: UInt32?
    /// How long the hold should live.
    public var ttlMilliseconds: UInt32?

    /// Makes a call with the fields that every call has.
    ///
    /// - Parameters:
    ///   - account: Who pays.
    ///   - model: The model that is asked.
    public init(account: MeterAccount, model: String) {
        self.account = account
        self.model = model
    }
}

/// What meterd answers to `authorize` and `extend`; a refusal is an answer, not an error.
public enum AuthorizeOutcome: Sendable, Hashable {
    /// It may run.
    case granted(Granted)
    /// It may not; the gateway gives `status` and `body.text` to its own client.
    case refused(Refused)
}

/// One call that waits for an answer.
enum Call: Sendable, Hashable {
    case authorize(AuthorizeCall)
    case extend(HoldNumber, TokenCounts, maxOutputTokens: UInt32?)
    case release(HoldNumber)
    case ping
}

/// What a call got.
enum CallAnswer: Sendable, Hashable {
    case outcome(AuthorizeOutcome)
    case done
}
