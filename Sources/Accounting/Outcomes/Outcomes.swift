import Quantities

/// What became of a usage report.
public enum DebitOutcome: Sendable, Hashable {
    /// It was booked.
    case booked
    /// It was booked before, with the same content.
    case repeated
    /// Its id was used before with other content.
    case conflict
    /// The organisation is closed.
    case accountClosed
    /// There is no such organisation.
    case unknownOrganisation
    /// The balance would leave the range of amounts.
    case outOfRange
}

/// What became of an authorisation or an extension.
public enum Authorization: Sendable, Hashable {
    /// Credits are set aside.
    case granted(Granted)
    /// They are not.
    case refused(RefusalReason, LimitReport?)

    /// A hold that was placed or extended.
    public struct Granted: Sendable, Hashable {
        /// The hold.
        public var hold: HoldNumber
        /// How much it keeps in all.
        public var amount: Amount
        /// When it lapses.
        public var expiresAt: Timestamp
        /// Whether all that was asked for was given.
        public var complete: Bool
    }
}

/// Why a request may not run; of several, the one with the lowest `precedence` is told.
///
/// Raw values lie in rings and never change; the order in which reasons are told is apart.
public enum RefusalReason: UInt8, Sendable, CaseIterable {
    case unknownOrganisation = 1
    case accountClosed = 2
    case invalidKey = 3
    case unknownHold = 4
    case spendCapExceeded = 5
    case insufficientCredits = 6
    case planRequired = 7
    case purchaseRequired = 8

    /// The reason's place in the order in which they are told, from 0: who it is, what it may do,
    /// what it has.
    public var precedence: Int {
        switch self {
        case .unknownOrganisation: 0
        case .accountClosed: 1
        case .invalidKey: 2
        case .planRequired: 3
        case .purchaseRequired: 4
        case .unknownHold: 5
        case .spendCapExceeded: 6
        case .insufficientCredits: 7
        }
    }
}

/// The limit that bit, with its numbers.
public struct LimitReport: Sendable, Hashable {
    /// Whose limit it is.
    public var scope: Scope
    /// The project's or key's number; 0 for the organisation.
    public var id: UInt32
    /// The cap's period, or nil when it is the balance.
    public var period: CapPeriod?
    /// The cap, or the posted balance.
    public var amount: Amount
    /// What was spent in the window; zero for the balance.
    public var spent: Amount
    /// What open holds keep.
    public var held: Amount
    /// What was asked for.
    public var asked: Amount
    /// When the window ends; nil when it does not.
    public var resetsAt: Timestamp?
}

/// Something was cut off, or may run again.
public struct Notice: Sendable, Hashable {
    /// Whose organisation.
    public var org: UInt32
    /// What is meant.
    public var scope: Scope
    /// The project's or key's number; 0 for the organisation.
    public var id: UInt32
    /// Why it is cut off; empty when it may run again.
    public var reasons: CutoffReasons
    /// When.
    public var at: Timestamp
}

/// What became of an administrative command.
public enum CommandOutcome: Sendable, Hashable {
    /// It was carried out.
    case done
    /// It was carried out before; for a grant with the number it made then.
    case repeated(GrantNumber)
    /// A grant was made.
    case granted(GrantNumber)
    /// Its idempotency key was used before with other content.
    case conflict
    /// The organisation is closed.
    case accountClosed
    /// The organisation's plan is against it.
    case refused(RefusalReason)
    /// The account has redeemed this coupon before.
    case alreadyRedeemed
    /// Something that it names does not exist.
    case unknown
    /// A field has a value that cannot be.
    case invalid(field: String, message: String)
}

/// What became of a call that is carried out once for each identity.
protocol OnceOutcome {
    /// The same was done before, with this number.
    static func repeated(_ number: UInt32) -> Self
    /// The identity was used before for something else.
    static var conflict: Self { get }
}

extension OnceOutcome {
    /// What a call is answered whose identity is known; nil for a new one, which is to be carried
    /// out.
    ///
    /// - Parameter finding: What the identity turned out to be.
    init?(_ finding: IdentityWindow.Finding) {
        switch finding {
        case .new: return nil
        case .repeated(let number): self = .repeated(number)
        case .conflict: self = .conflict
        }
    }
}

extension CommandOutcome: OnceOutcome {}
extension RefundOutcome: OnceOutcome {}
extension PurchaseOutcome: OnceOutcome {}
