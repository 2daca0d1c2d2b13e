import Accounting
import Quantities

/// What the control plane may ask of the engine: the one administrative way in.
///
/// Queue:       callable from any task; each call hops to the shard that owns the organisation.
/// Invariants:  a call that changes something returns after its record is durable in the journal.
public protocol Administration:
    TermsAdministration, PurchaseAdministration, Questions, Corrections
{
    /// Opens an organisation with an empty wallet, and sets its plan in the same step: there is
    /// never one without the plan that was asked for.
    ///
    /// - Parameters:
    ///   - name: Unique; 1 to 64 of a-z, A-Z, 0-9, `.`, `_`, `-`.
    ///   - zone: IANA time zone, or nil for the configured default.
    ///   - plan: A plan of the system's file, or nil for none.
    /// - Returns: The organisation as it is now.
    /// - Throws: `AdministrationError` when the name is taken, or zone or plan are unknown.
    func createOrganisation(
        name: String,
        zone: String?,
        plan: String?
    ) async throws(AdministrationError) -> OrganisationInfo

    /// Closes an organisation: what is left is forfeited, everything after is refused.
    ///
    /// - Parameters:
    ///   - name: The organisation.
    ///   - reason: Why, for the books.
    /// - Returns: The organisation as it is now.
    /// - Throws: `AdministrationError` when it is unknown.
    func closeOrganisation(
        name: String,
        reason: String
    ) async throws(AdministrationError) -> OrganisationInfo

    /// One organisation with wallet, keys, projects, caps and grants, as memory has it now.
    ///
    /// - Parameter name: The organisation.
    /// - Returns: The organisation as it is now.
    /// - Throws: `AdministrationError` when it is unknown.
    func organisation(name: String) async throws(AdministrationError) -> OrganisationInfo

    /// The names of the organisations in alphabetical order, after a given one.
    ///
    /// - Parameters:
    ///   - after: Where to go on, or nil from the beginning.
    ///   - limit: How many at most.
    /// - Returns: At most `limit` names.
    func organisationNames(after: String?, limit: Int) -> [String]

    /// Adds a project.
    ///
    /// - Parameters:
    ///   - organisation: The organisation.
    ///   - name: Unique within it.
    /// - Returns: The project with its number.
    /// - Throws: `AdministrationError` when the organisation is unknown or the name taken.
    func createProject(
        organisation: String,
        name: String
    ) async throws(AdministrationError) -> ProjectInfo

    /// Makes a key; the secret is in the answer and nowhere else.
    ///
    /// - Parameters:
    ///   - organisation: The organisation.
    ///   - name: Unique within it.
    ///   - project: The project that the key is bound to, or nil.
    /// - Returns: The key with its secret.
    /// - Throws: `AdministrationError` when something named is unknown or the name taken.
    func createKey(
        organisation: String,
        name: String,
        project: String?
    ) async throws(AdministrationError) -> NewSecret

    /// Gives a key a new secret; the old one is dead when this returns.
    ///
    /// - Parameters:
    ///   - organisation: The organisation.
    ///   - name: The key.
    /// - Returns: The key with its new secret.
    /// - Throws: `AdministrationError` when it is unknown or revoked.
    func rotateKey(
        organisation: String,
        name: String
    ) async throws(AdministrationError) -> NewSecret

    /// Switches a key off for good.
    ///
    /// - Parameters:
    ///   - organisation: The organisation.
    ///   - name: The key.
    /// - Returns: The key as it is now.
    /// - Throws: `AdministrationError` when it is unknown.
    func revokeKey(
        organisation: String,
        name: String
    ) async throws(AdministrationError) -> KeyInfo

    /// Gives credits to a wallet, once for each idempotency key.
    ///
    /// - Parameters:
    ///   - organisation: The organisation.
    ///   - request: How much, of what class, from when to when.
    /// - Returns: The grant that was made, now or by the same call before.
    /// - Throws: `AdministrationError`; `idempotencyConflict` when the key was used with other
    ///   content.
    func grant(
        organisation: String,
        request: GrantRequest
    ) async throws(AdministrationError) -> GrantReceipt

    /// What an account is told of.
    ///
    /// - Parameter organisation: The organisation.
    /// - Returns: The rules in force.
    /// - Throws: `AdministrationError` when it is unknown.
    func alertSettings(
        organisation: String
    ) async throws(AdministrationError) -> AlertSettingsInfo

    /// Sets what an account is told of, or goes back to what the offer says.
    ///
    /// - Parameters:
    ///   - organisation: The organisation.
    ///   - rules: The rules; nil for those of the offer.
    /// - Returns: The rules in force.
    /// - Throws: `AdministrationError`.
    func setAlerts(
        organisation: String,
        rules: AlertRules?
    ) async throws(AdministrationError) -> AlertSettingsInfo

    /// The alerts that went off: those of one organisation by number, those of all by time.
    ///
    /// - Parameter filter: Which ones.
    /// - Returns: At most `limit` alerts.
    /// - Throws: `AdministrationError`; `unavailable` while PostgreSQL is away.
    func alerts(_ filter: AlertFilter) async throws(AdministrationError) -> [AlertInfo]

    /// Gives the charge of an operation back, or a part of it, to where it was drawn from.
    ///
    /// - Parameters:
    ///   - organisation: The organisation.
    ///   - request: Which operation, how much, who and why.
    /// - Returns: What was given back, now or by the same call before.
    /// - Throws: `AdministrationError`; `notRefundable` when less is left, `unavailable` while
    ///   PostgreSQL is away.
    func refund(
        organisation: String,
        request: RefundRequest
    ) async throws(AdministrationError) -> RefundReceipt

    /// The ledger's balance at a moment.
    ///
    /// - Parameters:
    ///   - organisation: The organisation.
    ///   - moment: When; not in the future.
    /// - Returns: The balance then.
    /// - Throws: `AdministrationError`; `unavailable` while PostgreSQL is away.
    func balance(
        organisation: String,
        at moment: Timestamp
    ) async throws(AdministrationError) -> BalanceInfo

    /// Sets, changes or clears a spend cap.
    ///
    /// - Parameters:
    ///   - organisation: The organisation.
    ///   - target: What it caps.
    ///   - period: Over which time it counts.
    ///   - amount: The cap, or nil to clear it.
    /// - Returns: The organisation as it is now.
    /// - Throws: `AdministrationError` when something named is unknown.
    func setCap(
        organisation: String,
        target: CapTarget,
        period: CapPeriod,
        amount: Amount?
    ) async throws(AdministrationError) -> OrganisationInfo

    /// The ledger, newest line first.
    ///
    /// - Parameters:
    ///   - organisation: The organisation.
    ///   - filter: Which lines.
    /// - Returns: At most `limit` lines.
    /// - Throws: `AdministrationError`; `unavailable` while PostgreSQL is away.
    func transactions(
        organisation: String,
        filter: TransactionFilter
    ) async throws(AdministrationError) -> [TransactionInfo]

    /// The per-request log, newest first.
    ///
    /// - Parameters:
    ///   - organisation: The organisation.
    ///   - filter: Which requests.
    /// - Returns: At most `limit` requests.
    /// - Throws: `AdministrationError`; `unavailable` while PostgreSQL is away.
    func usage(
        organisation: String,
        filter: UsageFilter
    ) async throws(AdministrationError) -> [UsageInfo]

    /// Proves the books: every chain, every sum, and memory against PostgreSQL.
    ///
    /// - Parameter organisation: One, or nil for all.
    /// - Returns: What was proved, and every violation found.
    /// - Throws: `AdministrationError`; `unavailable` while PostgreSQL is away.
    func audit(organisation: String?) async throws(AdministrationError) -> AuditReport

    /// Positions, lag, backlog, connections, and what is wrong if something is.
    func status() -> StatusReport

    /// Loads the rate card's file again; a broken one is refused and the old one stays.
    ///
    /// - Throws: `AdministrationError.invalid` with all that is wrong with the card.
    func reloadRates() async throws(AdministrationError) -> String

    /// An organisation's machines, as memory has them now.
    ///
    /// - Parameter organisation: The organisation.
    /// - Returns: The machines, and how long the credits last.
    /// - Throws: `AdministrationError` when it is unknown.
    func machines(organisation: String) async throws(AdministrationError) -> MachinesInfo

    /// An organisation's orders that are not done.
    ///
    /// - Parameter organisation: The organisation.
    /// - Returns: The orders, by number.
    /// - Throws: `AdministrationError` when it is unknown.
    func orders(organisation: String) async throws(AdministrationError) -> [OrderInfo]

    /// The present rate card as YAML.
    func ratesText() -> String
}

/// Why an administrative call was not carried out.
public enum AdministrationError: Error, Sendable, Hashable {
    /// A field has a value that cannot be; names field and value. HTTP 400.
    case invalid(field: String, message: String)
    /// Nothing has that name. HTTP 404.
    case notFound(what: String, name: String)
    /// The name is taken. HTTP 409.
    case exists(what: String, name: String)
    /// The idempotency key was used with other content. HTTP 409.
    case idempotencyConflict(key: String)
    /// The organisation was closed. HTTP 403.
    case accountClosed(name: String)
    /// The organisation's plan does not allow it. HTTP 403.
    case planRequired(name: String)
    /// The account has redeemed this coupon before. HTTP 409.
    case couponRedeemed(code: String, name: String)
    /// What should go back cannot, with a word for programs. HTTP 409.
    case notRefundable(code: String, message: String)
    /// The journal cannot take it at the moment. HTTP 503.
    case overloaded(reason: String)
    /// PostgreSQL is away, and this needs it. HTTP 503.
    case unavailable(reason: String)
    /// It may not, by a rule that has a word of its own. HTTP 403.
    case refused(code: String, message: String)
    /// The payment was used before, for another purchase. HTTP 409.
    case paymentUsed(String, purchase: UInt32?)
    /// The purchase was confirmed or failed before. HTTP 409.
    case purchaseSettled(UInt32, state: Purchase.State, payment: String)
}

extension AdministrationError: CustomStringConvertible {
    /// A sentence that names the field and the value, and the next step where there is one.
    public var description: String {
        switch self {
        case .invalid(let field, let message): "\(field): \(message)"
        case .notFound(let what, let name): "There is no \(what) \"\(name)\"."
        case .exists(let what, let name): "The \(what) \"\(name)\" exists already."
        case .idempotencyConflict(let key):
            "The idempotency key \"\(key)\" was used before with other content. "
                + "Use a new key for a new grant."
        case .notRefundable(_, let message): message
        case .accountClosed(let name): "The organisation \"\(name)\" is closed."
        case .planRequired(let name):
            "The plan of the organisation \"\(name)\" does not include purchases. Set another one."
        case .couponRedeemed(let code, let name):
            "The organisation \"\(name)\" has redeemed the coupon \"\(code)\" before."
        case .overloaded(let reason):
            "Not taken, nothing was changed: \(reason) Try again when there is room."
        case .unavailable(let reason):
            "PostgreSQL is needed for this and is away: \(reason) Try again later."
        case .refused(_, let message): message
        case .paymentUsed(let payment, let purchase):
            "payment: \"\(payment)\" was used before"
                + (purchase.map { ", for purchase \($0)" } ?? " for something else")
                + ". A payment is credited once."
        case .purchaseSettled(let purchase, .failed, _):
            "Purchase \(purchase) has failed. If it was paid for after all, record the payment as "
                + "a purchase of its own."
        case .purchaseSettled(let purchase, _, let payment):
            "Purchase \(purchase) was confirmed before, by the payment \"\(payment)\"."
        }
    }

    /// A word for programs: the same in HTTP and on the command line.
    public var code: String {
        switch self {
        case .invalid: "invalid"
        case .notFound: "not_found"
        case .exists: "exists"
        case .idempotencyConflict: "idempotency_conflict"
        case .accountClosed: "account_closed"
        case .planRequired: "plan_required"
        case .couponRedeemed: "coupon_redeemed"
        case .notRefundable(let code, _): code
        case .overloaded: "overloaded"
        case .unavailable: "unavailable"
        case .refused(let code, _): code
        case .paymentUsed: "payment_used"
        case .purchaseSettled: "purchase_settled"
        }
    }
}
