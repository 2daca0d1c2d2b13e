import Quantities

/// What a credit is called, and what it is worth in money.
public struct CreditUnit: Sendable, Hashable {
    /// What one is called: `credit`, `token`.
    public var name: String
    /// What one is worth in `currency`; nil where it has no fixed worth.
    public var value: Amount?
    /// The currency in which it is sold, in ISO 4217: `USD`; nil where nothing is sold.
    public var currency: String?

    /// Makes a unit.
    ///
    /// - Parameters:
    ///   - name: What one is called.
    ///   - value: What one is worth in `currency`.
    ///   - currency: The currency in which it is sold.
    public init(name: String = "credit", value: Amount? = nil, currency: String? = nil) {
        self.name = name
        self.value = value
        self.currency = currency
    }
}
