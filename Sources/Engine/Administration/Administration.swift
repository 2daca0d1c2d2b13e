import Accounting
import Quantities

/// What the control plane may ask of the engine: the one administrative way in.
///
/// Queue:       callable from any task; each call hops to the shard that owns the organisation.
/// Invariants:  a call that changes something returns after its record is durable in the journal.
public protocol Administration: Questions, Corrections {
    /// Opens an organisation with an empty wallet.
    ///
    /// - Parameters:
    ///   - name: Unique; 1 to 64 of a-z, A-Z, 0-9, `.`, `_`, `-`.
    ///   - zone: IANA time zone, or nil for the configured default.
    /// - Returns: The organisation as it is now.
    /// - Throws: `AdministrationError` when the name is taken or the zone unknown.
    func createOrganisation(
        name: String,
        zone: String?
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
    /// The journal cannot take it at the moment. HTTP 503.
    case overloaded(reason: String)
    /// PostgreSQL is away, and this needs it. HTTP 503.
    case unavailable(reason: String)
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
        case .accountClosed(let name): "The organisation \"\(name)\" is closed."
        case .overloaded(let reason):
            "Not taken, nothing was changed: \(reason) Try again when there is room."
        case .unavailable(let reason):
            "PostgreSQL is needed for this and is away: \(reason) Try again later."
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
        case .overloaded: "overloaded"
        case .unavailable: "unavailable"
        }
    }
}
