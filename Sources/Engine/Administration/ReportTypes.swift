import Quantities

/// The outcome of an audit.
public struct AuditReport: Sendable, Hashable {
    /// How many organisations were proved.
    public var organisations: UInt64
    /// How many ledger lines were walked.
    public var lines: UInt64
    /// The sum of all balances by the ledger.
    public var balance: Amount
    /// How many wallets in memory differ from PostgreSQL: must be 0.
    public var drifted: UInt64
    /// What is wrong, a sentence each, at most 100.
    public var violations: [String]

    /// Whether everything holds.
    public var isGreen: Bool { violations.isEmpty && drifted == 0 }

    /// Makes a report.
    ///
    /// - Parameters:
    ///   - organisations: How many organisations were proved.
    ///   - lines: How many ledger lines were walked.
    ///   - balance: The sum of all balances by the ledger.
    ///   - drifted: How many wallets in memory differ from PostgreSQL.
    ///   - violations: What is wrong.
    public init(
        organisations: UInt64,
        lines: UInt64,
        balance: Amount,
        drifted: UInt64,
        violations: [String]
    ) {
        self.organisations = organisations
        self.lines = lines
        self.balance = balance
        self.drifted = drifted
        self.violations = violations
    }
}

/// How the daemon is doing.
public struct StatusReport: Sendable, Hashable {
    /// The node's name.
    public var node: String
    /// The program's version.
    public var version: String
    /// Since when it runs.
    public var startedAt: Timestamp
    /// Whether it takes and answers requests.
    public var ready: Bool
    /// What is wrong at the moment, a sentence each; empty when all is well.
    public var troubles: [String]
    /// Usage events and commands taken from sockets into a ring.
    public var accepted: UInt64
    /// Those rated and debited in memory.
    public var applied: UInt64
    /// Those safe on disk.
    public var journaled: UInt64
    /// Those in PostgreSQL.
    public var stored: UInt64
    /// Journal positions in bytes: written, safe, in PostgreSQL, retired.
    public var journalWritten: UInt64
    /// The journal position up to which everything is safe.
    public var journalSynced: UInt64
    /// The journal position up to which everything is in PostgreSQL.
    public var journalStored: UInt64
    /// The journal position below which segments are gone.
    public var journalRetired: UInt64
    /// How many bytes the journal takes on disk.
    public var journalBytes: UInt64
    /// How many it may take.
    public var journalMaximumBytes: UInt64
    /// Whether PostgreSQL answers.
    public var postgresConnected: Bool
    /// Connections on the data socket.
    public var connections: Int
    /// Organisations known.
    public var organisations: Int
    /// Holds that are open.
    public var openHolds: Int
    /// Reports rejected since start.
    public var rejected: UInt64
    /// Repeats that were recognised and not booked again since start.
    public var duplicates: UInt64
    /// Requests granted since start.
    public var granted: UInt64
    /// Requests refused since start.
    public var refused: UInt64
    /// Credits by which wallets went below zero since start: usage that had already happened.
    public var overshoot: Amount
    /// Alerts that went off since start.
    public var alertsRaised: UInt64 = 0
    /// The rate card in force.
    public var rateCard: String
    /// Purchases since start.
    public var purchases = PurchaseFigures()
}
