import Quantities

/// A refusal as the daemon decides it: the code, the limit that bit, and what the message needs.
public struct Refusal: Sendable, Hashable {
    /// Why it is refused.
    public var code: RefusalCode
    /// The limit that bit; nil when it is no matter of money.
    public var limit: RefusalLimit?
    /// What the plan does not include ("Model opus"), for `plan_required` only.
    public var subject: String?

    /// The balance does not cover it.
    ///
    /// - Parameters:
    ///   - balance: What is posted in the wallet.
    ///   - held: What holds have taken of it.
    ///   - org: The organisation's public name.
    /// - Returns: The refusal.
    public static func insufficientCredits(
        balance: Amount,
        held: Amount,
        org: String? = nil
    ) -> Refusal {
        let limit = RefusalLimit(.balance, id: org, amount: balance, held: held)
        return Refusal(code: .insufficientCredits, limit: limit)
    }

    /// A spend cap does not allow it.
    ///
    /// - Parameter limit: The cap that bit.
    /// - Returns: The refusal.
    public static func spendCapExceeded(_ limit: RefusalLimit) -> Refusal {
        Refusal(code: .spendCapExceeded, limit: limit)
    }

    /// There is no such key, or it is revoked.
    public static let invalidKey = Refusal(code: .invalidKey)
    /// The organisation must buy credits first.
    public static let purchaseRequired = Refusal(code: .purchaseRequired)
    /// The account is closed.
    public static let accountClosed = Refusal(code: .accountClosed)

    /// The organisation's plan does not include it.
    ///
    /// - Parameter subject: What it does not include, as the subject of a sentence ("Model opus").
    /// - Returns: The refusal.
    public static func planRequired(_ subject: String) -> Refusal {
        Refusal(code: .planRequired, subject: subject)
    }

    /// The body that a gateway gives to its own client.
    public var body: RefusalBody {
        RefusalBody(
            message: message,
            type: code.errorType,
            code: String(describing: code.name)
        )
    }

    private var message: String {
        switch code {
        case .insufficientCredits:
            "Insufficient credits. Current balance: \(limit?.amount ?? .zero) credits."
        case .spendCapExceeded:
            "Spend cap exceeded." + (limit.map(sentence) ?? "")
        case .invalidKey:
            "Invalid API key."
        case .planRequired:
            "\(subject ?? "This request") is not included in your plan. Upgrade the plan to use it."
        case .purchaseRequired:
            "Credits must be purchased before this can be used."
        case .accountClosed:
            "The account is closed."
        }
    }

    private func sentence(_ limit: RefusalLimit) -> String {
        let period = (limit.period ?? .total).phrase
        var text = " \(limit.name.title): \(limit.amount) credits \(period), \(limit.spent) used."
        if let resetsAt = limit.resetsAt, limit.period != .total {
            text += " Resets \(resetsAt)."
        }
        return text
    }
}

/// The body of a refusal, as HTTP clients of OpenAI's interface know it.
public struct RefusalBody: Sendable, Hashable {
    /// What happened, for people.
    public var message: String
    /// The broad kind, such as `insufficient_quota`.
    public var type: String
    /// The exact reason, such as `insufficient_credits`.
    public var code: String

    /// Makes a body.
    ///
    /// - Parameters:
    ///   - message: What happened, for people.
    ///   - type: The broad kind.
    ///   - code: The exact reason.
    public init(message: String, type: String, code: String) {
        self.message = message
        self.type = type
        self.code = code
    }

    /// The exact bytes of the HTTP body: `{"error":{"message":...,"type":...,"code":...}}`.
    public var text: String {
        var buffer = WireBuffer(capacity: 256)
        buffer.append("{\"error\":")
        append(to: &buffer)
        buffer.append("}")
        return buffer.text
    }

    /// Appends the value of `error`, which is the same in a `refused` line and in the HTTP body.
    func append(to buffer: inout WireBuffer) {
        buffer.append("{\"message\":")
        buffer.append(quoted: message)
        buffer.append(",\"type\":")
        buffer.append(quoted: type)
        buffer.append(",\"code\":")
        buffer.append(quoted: code)
        buffer.append("}")
    }
}
