/// How accounts may be billed.
public struct BillingOffer: Sendable, Hashable {
    /// How an account is billed.
    public enum Mode: String, Sendable, Hashable, CaseIterable {
        /// Credits are bought before they are used.
        case prepaid
        /// What was used is invoiced at the month's end; the balance is not checked.
        case invoice
        /// Usage is recorded, and nothing is debited or refused for lack of credits.
        case unmetered
    }

    /// The modes that an account may have.
    public var modes: Set<Mode>
    /// How many days after its issue an invoice is due, unless an account has other terms.
    public var netDays: Int

    /// Makes the terms.
    ///
    /// - Parameters:
    ///   - modes: The modes that an account may have.
    ///   - netDays: How many days after its issue an invoice is due.
    public init(modes: Set<Mode> = Set(Mode.allCases), netDays: Int = 30) {
        self.modes = modes
        self.netDays = netDays
    }
}
