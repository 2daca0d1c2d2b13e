/// What the paths of a debit and of an authorisation must know of an organisation in one look.
///
/// Why: most of what an organisation may have besides its wallet (terms of a plan, top-ups, alerts,
/// machines) lies in tables beside the organisations. A flag in the wallet's own cache lines tells
/// whether there is anything to look up at all, so that who has none of it pays nothing for it.
struct OrganisationFlags: OptionSet, Sendable, Hashable {
    let rawValue: UInt8

    /// It was closed.
    static let closed = OrganisationFlags(rawValue: 1)
    /// It has terms of its own: a plan, gates, a billing mode.
    static let hasTerms = OrganisationFlags(rawValue: 1 << 1)
    /// A top-up waits for its balance to fall.
    static let hasTopUp = OrganisationFlags(rawValue: 1 << 2)
    /// An alert waits for its balance or its spend.
    static let hasAlerts = OrganisationFlags(rawValue: 1 << 3)
    /// It has machines, or had some once: their places are kept.
    static let hasRuns = OrganisationFlags(rawValue: 1 << 4)
    /// Credits were bought at least once.
    static let hasPurchased = OrganisationFlags(rawValue: 1 << 5)
    /// It is billed by invoices: its balance is not checked.
    static let invoiced = OrganisationFlags(rawValue: 1 << 6)
    /// It is not metered: its charges are zero.
    static let unmetered = OrganisationFlags(rawValue: 1 << 7)
}
