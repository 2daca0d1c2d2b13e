import Quantities

/// What an account wants to be told of.
///
/// Invariants:  at most eight entries of each list; amounts above zero; percents 1 to 100; each
///              list from the highest to the lowest, without repeats.
public struct AlertRules: Sendable, Hashable {
    /// What a deployment may cost in a period before somebody is told.
    public struct DeploymentLimit: Sendable, Hashable {
        /// Day, week, month or ever.
        public var period: CapPeriod
        /// From which cost on.
        public var amount: Amount

        /// Makes a limit.
        ///
        /// - Parameters:
        ///   - period: Day, week, month or ever.
        ///   - amount: From which cost on.
        public init(period: CapPeriod, amount: Amount) {
            self.period = period
            self.amount = amount
        }
    }

    /// How many entries a list may have.
    public static let most = 8

    /// Balances below which it is told.
    public private(set) var lowBalance: [Amount] = []
    /// Percents of every spend cap from which on it is told.
    public private(set) var capPercents: [UInt8] = []
    /// Whether each day that cost something is summed up at its end.
    public var daily = false
    /// Whether each week that cost something is summed up at its end.
    public var weekly = false
    /// From which cost of a deployment on it is told.
    public private(set) var deploymentCost: [DeploymentLimit] = []

    /// Wants nothing.
    public init() {}

    /// Makes rules; nil when a list has more than eight entries or one of them cannot be.
    ///
    /// - Parameters:
    ///   - lowBalance: Balances below which it is told.
    ///   - capPercents: Percents of every spend cap from which on it is told.
    ///   - daily: Whether each day is summed up.
    ///   - weekly: Whether each week is summed up.
    ///   - deploymentCost: From which cost of a deployment on it is told.
    public init?(
        lowBalance: [Amount],
        capPercents: [UInt8],
        daily: Bool = false,
        weekly: Bool = false,
        deploymentCost: [DeploymentLimit] = []
    ) {
        let isShort = [lowBalance.count, capPercents.count, deploymentCost.count]
            .allSatisfy { $0 <= AlertRules.most }
        guard isShort, lowBalance.allSatisfy(\.isPositive),
            capPercents.allSatisfy({ (1...100).contains($0) }),
            deploymentCost.allSatisfy(\.amount.isPositive)
        else { return nil }
        self.lowBalance = Set(lowBalance).sorted { $0 > $1 }
        self.capPercents = Set(capPercents).sorted { $0 > $1 }
        self.daily = daily
        self.weekly = weekly
        self.deploymentCost = Set(deploymentCost).sorted { one, two in
            one.period != two.period
                ? one.period.rawValue < two.period.rawValue : one.amount > two.amount
        }
    }

    /// Whether nothing is wanted.
    public var isEmpty: Bool { self == AlertRules() }
}

// MARK: - Text

extension AlertRules {
    /// The rules in one line, for records and the database; `init(text:)` reads it.
    public var text: String {
        var parts: [String] = []
        if !lowBalance.isEmpty {
            parts.append("low_balance=" + lowBalance.map(\.description).joined(separator: ","))
        }
        if !capPercents.isEmpty {
            parts.append("cap_percent=" + capPercents.map { "\($0)" }.joined(separator: ","))
        }
        if daily { parts.append("daily") }
        if weekly { parts.append("weekly") }
        if !deploymentCost.isEmpty {
            let limits = deploymentCost.map { "\($0.period.rawValue):\($0.amount)" }
            parts.append("deployment_cost=" + limits.joined(separator: ","))
        }
        return parts.joined(separator: ";")
    }

    /// Reads what `text` wrote; nil when it is something else.
    ///
    /// - Parameter text: The line.
    public init?(text: String) {
        var lowBalance: [Amount?] = []
        var percents: [UInt8?] = []
        var limits: [DeploymentLimit?] = []
        var flags = (daily: false, weekly: false)
        for part in text.split(separator: ";") {
            let sides = part.split(separator: "=", maxSplits: 1)
            let values = sides.count > 1 ? sides[1].split(separator: ",") : []
            switch sides[0] {
            case "low_balance": lowBalance = values.map { AlertRules.amount($0) }
            case "cap_percent": percents = values.map { UInt8($0) }
            case "daily": flags.daily = true
            case "weekly": flags.weekly = true
            case "deployment_cost": limits = values.map { AlertRules.limit($0) }
            default: return nil
            }
        }
        let known = (lowBalance.compactMap(\.self), percents.compactMap(\.self))
        let knownLimits = limits.compactMap(\.self)
        guard known.0.count == lowBalance.count, known.1.count == percents.count,
            knownLimits.count == limits.count
        else { return nil }
        self.init(
            lowBalance: known.0,
            capPercents: known.1,
            daily: flags.daily,
            weekly: flags.weekly,
            deploymentCost: knownLimits
        )
    }

    private static func amount(_ text: Substring) -> Amount? {
        do throws(DecimalError) {
            return try Amount(decimal: String(text))
        } catch {
            return nil
        }
    }

    private static func limit(_ text: Substring) -> DeploymentLimit? {
        let sides = text.split(separator: ":")
        guard sides.count == 2, let raw = UInt8(sides[0]), let period = CapPeriod(rawValue: raw),
            let amount = amount(sides[1])
        else { return nil }
        return DeploymentLimit(period: period, amount: amount)
    }
}
