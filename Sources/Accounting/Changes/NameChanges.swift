import Quantities

/// What kind of name a number stands for.
public enum NameKind: UInt8, Sendable, CaseIterable {
    case model = 1
    case provider = 2
    case producer = 3
    case machine = 4
}

/// The number that stands for a name in all later records.
public struct NameDeclared: Sendable, Hashable {
    /// What kind of name.
    public var kind: NameKind
    /// Its number, from 1.
    public var number: UInt32
    /// The name.
    public var name: String

    /// Makes the change's content.
    ///
    /// - Parameters:
    ///   - kind: What kind of name.
    ///   - number: Its number, from 1.
    ///   - name: The name.
    public init(
        kind: NameKind,
        number: UInt32,
        name: String
    ) {
        self.kind = kind
        self.number = number
        self.name = name
    }
}

/// The number that stands for a price version in all later records.
public struct PriceDeclared: Sendable, Hashable {
    /// Its number, from 1.
    public var price: UInt32
    /// The model's name on the rate card.
    public var model: String
    /// From when on it applies.
    public var effectiveFrom: Timestamp
    /// The prices, in the canonical text of `Rating`.
    public var text: String

    /// Makes the change's content.
    ///
    /// - Parameters:
    ///   - price: Its number, from 1.
    ///   - model: The model's name on the rate card.
    ///   - effectiveFrom: From when on it applies.
    ///   - text: The prices, in the canonical text of `Rating`.
    public init(
        price: UInt32,
        model: String,
        effectiveFrom: Timestamp,
        text: String
    ) {
        self.price = price
        self.model = model
        self.effectiveFrom = effectiveFrom
        self.text = text
    }
}

/// A producer's sequence that was answered with a rejection and so has no usage record.
public struct SequenceSkipped: Sendable, Hashable {
    /// The producer's number.
    public var producer: UInt32
    /// The sequence.
    public var sequence: UInt64

    /// Makes the change's content.
    ///
    /// - Parameters:
    ///   - producer: The producer's number.
    ///   - sequence: The sequence.
    public init(
        producer: UInt32,
        sequence: UInt64
    ) {
        self.producer = producer
        self.sequence = sequence
    }
}

/// A rate card took effect.
public struct RateCardLoaded: Sendable, Hashable {
    /// The card's name.
    public var name: String
    /// SHA-256 of the card's text, in hexadecimal.
    public var digest: String

    /// Makes the change's content.
    ///
    /// - Parameters:
    ///   - name: The card's name.
    ///   - digest: SHA-256 of the card's text, in hexadecimal.
    public init(
        name: String,
        digest: String
    ) {
        self.name = name
        self.digest = digest
    }
}
