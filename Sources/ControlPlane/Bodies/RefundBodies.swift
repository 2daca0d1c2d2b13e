import Accounting
import Engine
import Quantities

/// A part of a refund and the grant it went to.
public struct RefundPartBody: Codable, Sendable, Equatable {
    /// The grant.
    public var grant: UInt32
    /// How much.
    public var amount: Amount
}

/// What a refund call answers.
public struct RefundReceiptBody: Codable, Sendable, Equatable {
    /// Its number within the organisation.
    public var refund: UInt32
    /// True when the same call was carried out before and nothing was changed now.
    public var repeated: Bool
    /// How much; absent for a repeat whose first call PostgreSQL does not have yet.
    public var amount: Amount?
    /// How much of it went into debt; absent for nothing.
    public var debtPaid: Amount?
    /// Where the rest went; absent for a repeat and a purchase.
    public var parts: [RefundPartBody]?
    /// The ledger line that was charged; absent for a purchase.
    public var line: UInt64?
    /// The grant that was taken back; absent for an operation.
    public var grant: UInt32?
    /// The wallet after it.
    public var wallet: WalletBody

    init(_ receipt: RefundReceipt) {
        self.refund = receipt.refund
        self.repeated = receipt.repeated
        self.amount = receipt.amount
        self.debtPaid = receipt.debtPaid.isZero ? nil : receipt.debtPaid
        let parts = receipt.parts.map { RefundPartBody(grant: $0.grant, amount: $0.amount) }
        self.parts = parts.isEmpty ? nil : parts
        self.line = receipt.line
        self.grant = receipt.grant
        self.wallet = WalletBody(receipt.wallet)
    }
}

/// A balance at some moment.
public struct BalanceAtBody: Codable, Sendable, Equatable {
    /// The organisation.
    public var organisation: String
    /// The moment that was asked for.
    public var at: Timestamp
    /// The balance: below zero for debt.
    public var posted: Amount
    /// The part of it below zero.
    public var debt: Amount
    /// The last line by then; 0 before the first.
    public var line: UInt64
    /// When that line was applied; absent before the first.
    public var lineAt: Timestamp?

    init(_ organisation: String, _ info: BalanceInfo) {
        self.organisation = organisation
        self.at = info.at
        self.posted = info.posted
        self.debt = info.debt
        self.line = info.line
        self.lineAt = info.lineAt
    }
}
