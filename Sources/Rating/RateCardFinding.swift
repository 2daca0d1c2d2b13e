/// Something wrong, or odd, on a rate card.
public struct RateCardFinding: Sendable, Hashable {
    /// How bad it is.
    public enum Severity: Sendable, Hashable {
        /// The card is not taken.
        case error
        /// The card is taken, and somebody should look.
        case warning
    }

    /// One step from the card to the value, with the names that a card's file uses.
    public enum Step: Sendable, Hashable {
        /// Into the value of a key.
        case key(String)
        /// Into the list's element with this index, from 0.
        case index(Int)
    }

    /// How bad it is.
    public let severity: Severity
    /// Where it is.
    public let path: [Step]
    /// The offending value, if there is one.
    public let value: String?
    /// What is wrong; it continues the sentence that the value begins.
    public let message: String
}

extension RateCardFinding: CustomStringConvertible {
    /// "models.claude-sonnet.prices[0].input: "20000" is above ...".
    public var description: String {
        var text = severity == .warning ? "warning: " : ""
        for (position, step) in path.enumerated() {
            switch step {
            case .key(let key): text += position == 0 ? key : ".\(key)"
            case .index(let index): text += "[\(index)]"
            }
        }
        text += ": "
        if let value { text += "\"\(value)\" " }
        return text + message
    }
}

/// A rate card that cannot be used.
public struct RateCardError: Error, Sendable, Hashable {
    /// The card's name.
    public let card: String
    /// Every error on it.
    public let findings: [RateCardFinding]
}

extension RateCardError: CustomStringConvertible {
    /// Every error, one a line.
    public var description: String {
        let lines = findings.map { "\($0)" }.joined(separator: "\n")
        return "rate card \(card) is not taken; correct what follows and load it again\n\(lines)"
    }
}
