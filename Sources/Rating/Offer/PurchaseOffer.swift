import Quantities

/// A number of credits that is sold at a price.
public struct Pack: Sendable, Hashable {
    /// What it is asked for by.
    public var name: String
    /// How many credits.
    public var credits: Amount
    /// What they cost, in the system's currency.
    public var price: Amount

    /// Makes a pack.
    ///
    /// - Parameters:
    ///   - name: What it is asked for by.
    ///   - credits: How many credits.
    ///   - price: What they cost, in the system's currency.
    public init(name: String, credits: Amount, price: Amount) {
        self.name = name
        self.credits = credits
        self.price = price
    }
}

/// How credits are sold without a pack.
public struct CustomAmounts: Sendable, Hashable {
    /// What one credit costs, in the system's currency.
    public var price: Amount
    /// Whether only whole credits are sold.
    public var whole: Bool
    /// The fewest credits that are sold at once.
    public var minimum: Amount?
    /// The most credits that are sold at once.
    public var maximum: Amount?

    /// Makes a rule.
    ///
    /// - Parameters:
    ///   - price: What one credit costs, in the system's currency.
    ///   - whole: Whether only whole credits are sold.
    ///   - minimum: The fewest credits that are sold at once.
    ///   - maximum: The most credits that are sold at once.
    public init(price: Amount, whole: Bool = false, minimum: Amount? = nil, maximum: Amount? = nil)
    {
        self.price = price
        self.whole = whole
        self.minimum = minimum
        self.maximum = maximum
    }

    /// What some credits cost: exact, or rounded half to even to 12 decimals.
    ///
    /// - Parameter credits: How many.
    /// - Returns: The price, or nil when it leaves the range of amounts.
    public func price(of credits: Amount) -> Amount? {
        let (product, overflow) = credits.units.multipliedReportingOverflow(by: price.units)
        guard !overflow else { return nil }
        let units = Rounding.halfToEven(product, dividedBy: Amount.unitsPerCredit)
        return units <= Amount.max.units ? Amount(units: units) : nil
    }
}

/// How wallets may top themselves up.
public struct TopUpOffer: Sendable, Hashable {
    /// Whether they may.
    public var allowed: Bool
    /// How much a wallet may ask for in a calendar month, in the currency, unless its account says
    /// otherwise; nil for any.
    public var monthlyLimit: Amount?
    /// How long nothing is asked for after a failure; twice as long after each further one.
    public var retryAfterSeconds: Int
    /// The longest such wait.
    public var retryAtMostSeconds: Int

    /// Makes a rule.
    ///
    /// - Parameters:
    ///   - allowed: Whether wallets may top themselves up.
    ///   - monthlyLimit: How much may be asked for in a month unless an account says otherwise.
    ///   - retryAfterSeconds: How long nothing is asked for after a failure.
    ///   - retryAtMostSeconds: The longest such wait.
    public init(
        allowed: Bool = true,
        monthlyLimit: Amount? = nil,
        retryAfterSeconds: Int = 300,
        retryAtMostSeconds: Int = 86_400
    ) {
        self.allowed = allowed
        self.monthlyLimit = monthlyLimit
        self.retryAfterSeconds = retryAfterSeconds
        self.retryAtMostSeconds = retryAtMostSeconds
    }
}

/// What a payment is asked of.
public struct Connector: Sendable, Hashable {
    /// How it does its work.
    public enum Kind: Sendable, Hashable {
        /// Somebody confirms through the API.
        case manual
        /// A program is run.
        case command(CommandConnector)
    }

    /// What it is called.
    public var name: String
    /// How it does its work.
    public var kind: Kind

    /// Makes a connector.
    ///
    /// - Parameters:
    ///   - name: What it is called.
    ///   - kind: How it does its work.
    public init(name: String, kind: Kind) {
        self.name = name
        self.kind = kind
    }
}

/// A program that asks for payments.
public struct CommandConnector: Sendable, Hashable {
    /// The program, by its whole path, with its arguments.
    public var arguments: [String]
    /// After so long it is killed, and run again later.
    public var timeoutSeconds: Int
    /// How long is waited before it is run again; twice as long after each further time.
    public var retryAfterSeconds: Int
    /// The longest such wait.
    public var retryAtMostSeconds: Int

    /// Makes a program's description.
    ///
    /// - Parameters:
    ///   - arguments: The program, by its whole path, with its arguments.
    ///   - timeoutSeconds: After so long it is killed, and run again later.
    ///   - retryAfterSeconds: How long is waited before it is run again.
    ///   - retryAtMostSeconds: The longest such wait.
    public init(
        arguments: [String],
        timeoutSeconds: Int = 30,
        retryAfterSeconds: Int = 10,
        retryAtMostSeconds: Int = 3_600
    ) {
        self.arguments = arguments
        self.timeoutSeconds = timeoutSeconds
        self.retryAfterSeconds = retryAfterSeconds
        self.retryAtMostSeconds = retryAtMostSeconds
    }
}

/// What is sold, and how it is paid for.
public struct PurchaseOffer: Sendable, Hashable {
    /// The packs, in the order of the file.
    public var packs: [Pack] = []
    /// How credits are sold without a pack; nil when they are not.
    public var custom: CustomAmounts?
    /// How wallets may top themselves up.
    public var topUp = TopUpOffer()
    /// The connectors, in the order of the file; `manual` is always there.
    public var connectors: [Connector] = []
    /// The connector of a purchase that names none.
    public var connector = PurchaseOffer.manual

    /// The connector that needs no configuration.
    public static let manual = "manual"

    /// Nothing is sold.
    public init() {}

    /// Whether anything is sold.
    public var isEmpty: Bool { packs.isEmpty && custom == nil }

    /// The pack with a name, or nil.
    ///
    /// - Parameter name: Its name.
    /// - Returns: The pack.
    public func pack(named name: String) -> Pack? {
        packs.first { $0.name == name }
    }

    /// The connector with a name, or nil.
    ///
    /// - Parameter name: Its name.
    /// - Returns: The connector.
    public func connector(named name: String) -> Connector? {
        if let found = connectors.first(where: { $0.name == name }) { return found }
        return name == PurchaseOffer.manual ? Connector(name: name, kind: .manual) : nil
    }
}
