import Quantities

/// A class of tokens that has a price of its own.
///
/// The classes are disjoint: an input token that was read from a cache is `cacheRead` and not
/// `input`, a reasoning token is `reasoning` and not `output`.
public enum TokenClass: UInt8, Sendable, Hashable, CaseIterable {
    /// Input tokens that were neither read from a cache nor written to one.
    case input = 0
    /// Input tokens read from a cache.
    case cacheRead = 1
    /// Input tokens written to a cache.
    case cacheWrite = 2
    /// Output tokens that are no reasoning.
    case output = 3
    /// Output tokens spent on reasoning.
    case reasoning = 4

    /// The name in rate cards, canonical texts and reports.
    public var name: String {
        switch self {
        case .input: "input"
        case .cacheRead: "cache_read"
        case .cacheWrite: "cache_write"
        case .output: "output"
        case .reasoning: "reasoning"
        }
    }
}

/// A price for every class of tokens.
public struct TokenPrices: Sendable, Hashable {
    /// The price of plain input tokens.
    public var input: Price
    /// The price of input tokens read from a cache.
    public var cacheRead: Price
    /// The price of input tokens written to a cache.
    public var cacheWrite: Price
    /// The price of plain output tokens.
    public var output: Price
    /// The price of reasoning tokens.
    public var reasoning: Price

    /// Makes a full set of prices.
    ///
    /// - Parameters:
    ///   - input: The price of plain input tokens.
    ///   - cacheRead: The price of input tokens read from a cache.
    ///   - cacheWrite: The price of input tokens written to a cache.
    ///   - output: The price of plain output tokens.
    ///   - reasoning: The price of reasoning tokens.
    public init(
        input: Price,
        cacheRead: Price,
        cacheWrite: Price,
        output: Price,
        reasoning: Price
    ) {
        self.input = input
        self.cacheRead = cacheRead
        self.cacheWrite = cacheWrite
        self.output = output
        self.reasoning = reasoning
    }

    /// The price of one class.
    public subscript(tokenClass: TokenClass) -> Price {
        switch tokenClass {
        case .input: input
        case .cacheRead: cacheRead
        case .cacheWrite: cacheWrite
        case .output: output
        case .reasoning: reasoning
        }
    }
}

/// Prices as somebody wrote them down: a class may be left out.
public struct WrittenPrices: Sendable, Hashable {
    /// The price of plain input tokens.
    public var input: Price?
    /// The price of input tokens read from a cache.
    public var cacheRead: Price?
    /// The price of input tokens written to a cache.
    public var cacheWrite: Price?
    /// The price of plain output tokens.
    public var output: Price?
    /// The price of reasoning tokens.
    public var reasoning: Price?

    /// Makes a set of prices, with gaps where nothing is given.
    ///
    /// - Parameters:
    ///   - input: The price of plain input tokens.
    ///   - cacheRead: The price of input tokens read from a cache.
    ///   - cacheWrite: The price of input tokens written to a cache.
    ///   - output: The price of plain output tokens.
    ///   - reasoning: The price of reasoning tokens.
    public init(
        input: Price? = nil,
        cacheRead: Price? = nil,
        cacheWrite: Price? = nil,
        output: Price? = nil,
        reasoning: Price? = nil
    ) {
        self.input = input
        self.cacheRead = cacheRead
        self.cacheWrite = cacheWrite
        self.output = output
        self.reasoning = reasoning
    }

    /// The price of one class, if it was written down.
    public subscript(tokenClass: TokenClass) -> Price? {
        get {
            switch tokenClass {
            case .input: input
            case .cacheRead: cacheRead
            case .cacheWrite: cacheWrite
            case .output: output
            case .reasoning: reasoning
            }
        }
        set {
            switch tokenClass {
            case .input: input = newValue
            case .cacheRead: cacheRead = newValue
            case .cacheWrite: cacheWrite = newValue
            case .output: output = newValue
            case .reasoning: reasoning = newValue
            }
        }
    }

    /// Whether no class has a price.
    public var isEmpty: Bool { self == WrittenPrices() }
}
