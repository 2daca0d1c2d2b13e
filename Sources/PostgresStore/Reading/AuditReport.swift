import Quantities

/// What the books say of one wallet, to be compared with the memory of a daemon.
public struct AuditedWallet: Sendable, Hashable {
    /// The organisation.
    public var org: OrgNumber
    /// How many lines the ledger has.
    public var lines: UInt64
    /// The posted balance.
    public var balance: Amount
    /// What it owes.
    public var debt: Amount
}

/// What can be wrong with the books.
public enum AuditFault: String, Sendable, CaseIterable {
    /// An organisation has no wallet, or a wallet or line no organisation.
    case missingWallet = "missing_wallet"
    /// A line's number does not follow on the one before.
    case lineGap = "line_gap"
    /// A line's balance is not the balance before it and its amount.
    case brokenChain = "broken_chain"
    /// The wallet counts other lines than there are.
    case lineCount = "line_count"
    /// The wallet's balance is not the last line's.
    case walletBalance = "wallet_balance"
    /// What is left of the active grants, without the debt, is not the balance.
    case grantSum = "grant_sum"
    /// A rollup is not the sum of its usage lines.
    case rollup
    /// An invoice is not the sum of its lines, or not that of its month's debits, corrections and
    /// refunds.
    case invoice
    /// A rollup of machines is not the sum of its lines.
    case machineRollup = "machine_rollup"
    /// What a run was debited is not the sum of its lines, or more than it has cost.
    case run
    /// More was given back of a line than it had charged.
    case refund
    /// Purchases or receipts have gaps, or what was paid is not what was credited.
    case purchases
    /// A day's list of the dearest requests is not what its lines say.
    case dearest
    /// A rollup's corrections are not the sum of those of its cell, or of the ledger's lines.
    case correction

    /// What is wrong, as the end of a sentence.
    public var explanation: String {
        switch self {
        case .missingWallet: "organisation, wallet and lines do not all exist"
        case .lineGap: "a line's number does not follow on the one before"
        case .brokenChain: "a line's balance is not the balance before plus its amount"
        case .lineCount: "the wallet counts other lines than there are"
        case .walletBalance: "the wallet's balance is not the last line's"
        case .grantSum: "what is left of the grants, less the debt, is not the balance"
        case .invoice: "an invoice is not the sum of its lines and of its month's debits"
        case .rollup: "a rollup is not the sum of its usage lines"
        case .machineRollup: "a rollup of machines is not the sum of its lines"
        case .run: "what a run was debited is not the sum of its lines"
        case .refund: "more was given back of a line than it had charged"
        case .purchases: "purchases or receipts have gaps, or are not what was credited"
        case .dearest: "a day's list of the dearest requests is not what its lines say"
        case .correction: "the corrections do not agree with the rollups or the ledger"
        }
    }
}

/// One thing that is wrong with the books.
public struct AuditViolation: Sendable, Hashable {
    /// Whose books.
    public var org: OrgNumber
    /// What is wrong.
    public var fault: AuditFault
    /// Which line, where it is one; else 0.
    public var line: UInt64
    /// What is there.
    public var found: String
    /// What should be there.
    public var expected: String
}

/// The outcome of an audit.
public struct AuditReport: Sendable, Hashable {
    /// How many organisations were looked at.
    public var organisations = 0
    /// How many lines, usage and others.
    public var lines: UInt64 = 0
    /// How many of them are usage.
    public var usageLines: UInt64 = 0
    /// The sum of all charges, at least zero.
    public var charges = Amount.zero
    /// The sum of all lines that are not usage.
    public var credits = Amount.zero
    /// The sum of all balances.
    public var balances = Amount.zero
    /// How many rollups were compared with their lines.
    public var rollups: UInt64 = 0
    /// How many invoices were compared with their lines and with the debits.
    public var invoices: UInt64 = 0
    /// How many violations there are.
    public var violationCount = 0
    /// The first of them, up to the limit that was asked for.
    public var violations: [AuditViolation] = []

    /// Whether the books are right.
    public var isClean: Bool { violationCount == 0 }
}
