import Quantities

/// What recognises a purchase that is asked for or paid for again.
public struct PurchaseIdentity: Sendable, Hashable {
    /// The organisation.
    public var org: UInt32
    /// The purchase.
    public var purchase: UInt32
    /// The digest of the idempotency key of the call that asked for it, or 0.
    public var identity: UInt128
    /// The digest of that call's content.
    public var content: UInt64
    /// Its payment, or empty.
    public var payment: String
    /// When it was asked for.
    public var at: Timestamp

    /// Makes an entry.
    ///
    /// - Parameters:
    ///   - org: The organisation.
    ///   - purchase: The purchase.
    ///   - identity: The digest of the idempotency key, or 0.
    ///   - content: The digest of the call's content.
    ///   - payment: Its payment, or empty.
    ///   - at: When it was asked for.
    public init(
        org: UInt32,
        purchase: UInt32,
        identity: UInt128,
        content: UInt64,
        payment: String,
        at: Timestamp
    ) {
        self.org = org
        self.purchase = purchase
        self.identity = identity
        self.content = content
        self.payment = payment
        self.at = at
    }
}

extension AccountBook {
    /// The purchase that a payment belongs to, as far as memory knows.
    ///
    /// - Parameters:
    ///   - payment: What whoever took the money calls it.
    ///   - org: The organisation.
    /// - Returns: The purchase's number.
    public func purchase(paidBy payment: String, of org: UInt32) -> UInt32? {
        purchaseIdentities.entry(of: AccountBook.identity(ofPayment: payment, org: org))?.result
    }

    /// The identity of a payment: it is unique within an organisation.
    ///
    /// - Parameters:
    ///   - payment: What whoever took the money calls it.
    ///   - org: The organisation.
    /// - Returns: The 128-bit digest.
    public static func identity(ofPayment payment: String, org: UInt32) -> UInt128 {
        var digest = StateDigest()
        digest.combine(UInt64(org))
        digest.combine(bytes: "payment".utf8)
        digest.combine(bytes: payment.utf8)
        return digest.value
    }

    /// Remembers whose payment it was; what the call that asked has left is kept.
    func rememberPayment(_ payment: String, purchase: UInt32, org: UInt32, at moment: Timestamp) {
        let identity = AccountBook.identity(ofPayment: payment, org: org)
        guard purchaseIdentities.entry(of: identity) == nil else { return }
        purchaseIdentities.insert(identity, content: 0, result: purchase, at: moment)
    }

    /// Takes in the identity of a purchase: of the call that asked for it, and of its payment.
    ///
    /// - Parameter found: What is known of it.
    public func load(_ found: PurchaseIdentity) {
        if found.identity != 0 {
            purchaseIdentities.insert(
                found.identity,
                content: found.content,
                result: found.purchase,
                at: found.at
            )
        }
        if !found.payment.isEmpty {
            rememberPayment(found.payment, purchase: found.purchase, org: found.org, at: found.at)
        }
    }
}
