import Engine
import Quantities

/// How the daemon is doing.
public struct StatusBody: Codable, Sendable, Equatable {
    /// The node's name.
    public var node: String
    /// The program's version.
    public var version: String
    /// Since when it runs.
    public var startedAt: Timestamp
    /// Whether it takes and answers requests.
    public var ready: Bool
    /// What is wrong at the moment, a sentence each.
    public var troubles: [String]
    /// The positions that count events.
    public var positions: Positions
    /// The positions in the journal.
    public var journal: Journal
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
    /// Credits by which wallets went below zero since start.
    public var overshoot: Amount
    /// The rate card in force.
    public var rateCard: String

    /// How far events have come, each a number that only grows.
    public struct Positions: Codable, Sendable, Equatable {
        /// Taken from sockets into a ring.
        public var accepted: UInt64
        /// Rated and debited in memory.
        public var applied: UInt64
        /// Safe on disk.
        public var journaled: UInt64
        /// In PostgreSQL.
        public var stored: UInt64
    }

    /// How far the journal has come, in bytes that only grow, and what it takes.
    public struct Journal: Codable, Sendable, Equatable {
        /// Written, not yet safe.
        public var written: UInt64
        /// Safe on disk.
        public var synced: UInt64
        /// In PostgreSQL.
        public var stored: UInt64
        /// Below here segments are gone.
        public var retired: UInt64
        /// How many bytes it takes on disk.
        public var bytes: UInt64
        /// How many it may take.
        public var maximumBytes: UInt64
    }

    init(_ report: StatusReport) {
        self.node = report.node
        self.version = report.version
        self.startedAt = report.startedAt
        self.ready = report.ready
        self.troubles = report.troubles
        self.positions = Positions(
            accepted: report.accepted,
            applied: report.applied,
            journaled: report.journaled,
            stored: report.stored
        )
        self.journal = Journal(
            written: report.journalWritten,
            synced: report.journalSynced,
            stored: report.journalStored,
            retired: report.journalRetired,
            bytes: report.journalBytes,
            maximumBytes: report.journalMaximumBytes
        )
        self.postgresConnected = report.postgresConnected
        self.connections = report.connections
        self.organisations = report.organisations
        self.openHolds = report.openHolds
        self.rejected = report.rejected
        self.duplicates = report.duplicates
        self.granted = report.granted
        self.refused = report.refused
        self.overshoot = report.overshoot
        self.rateCard = report.rateCard
    }
}

/// The answer of a reload.
public struct RateCardBody: Codable, Sendable, Equatable {
    /// The rate card that is in force now.
    public var rateCard: String
}

/// Whether the process lives.
public struct HealthBody: Codable, Sendable, Equatable {
    /// Always `ok`: a dead process does not answer.
    public var status: String
}

/// Whether requests are taken.
public struct ReadyBody: Codable, Sendable, Equatable {
    /// Whether the daemon takes and answers requests.
    public var ready: Bool
    /// What is wrong; may name troubles although it is ready.
    public var reasons: [String]
}

/// What stands in place of the answer when a request was not carried out.
public struct ProblemBody: Codable, Sendable, Equatable {
    /// What was wrong.
    public var error: Detail

    /// What was wrong.
    public struct Detail: Codable, Sendable, Equatable {
        /// A word for programs.
        public var code: String
        /// A sentence for people.
        public var message: String
        /// The field, query parameter or header that is wrong, where one is.
        public var field: String?
    }
}
