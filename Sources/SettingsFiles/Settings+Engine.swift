extension Settings {
    /// Queues and rings.
    public struct Engine: Sendable {
        /// Loops that read from sockets; 0: half of the cores, 1 to 4.
        public var ingestLoops = 0
        /// Queues that rate and debit; 0: half of the cores, 1 to 16.
        public var shards = 0
        /// The size of each ring between two queues; a power of two.
        public var ringBytes = 4 << 20
        /// How long SIGTERM waits for what is journaled to reach PostgreSQL.
        public var drainTimeoutSeconds = 20
    }

    /// The write-ahead log.
    public struct Journal: Sendable {
        /// Its folder; empty: `journal` in the state directory.
        public var directory = ""
        /// The size of a segment's file.
        public var segmentBytes = 64 << 20
        /// What all segments may take; beyond it nothing is accepted until PostgreSQL catches up.
        public var maxBytes = 8 << 30
        /// What may be written and not yet made durable.
        public var maxUnsyncedBytes = 64 << 20
        /// How long to wait after a failed write before the next try.
        public var retryMilliseconds = 200
    }

    /// The database.
    public struct Postgres: Sendable {
        /// libpq's connection text (`host=... dbname=...`, `service=...` or a URI), without a
        /// password.
        public var connection = "dbname=meterd"
        /// How long to wait for a connection.
        public var connectTimeoutSeconds = 5
        /// The most lines in a transaction.
        public var batchRows = 65_536
        /// How long to wait for a fuller batch.
        public var lingerMilliseconds = 200
        /// How long to wait after a failure before the next try.
        public var retryMilliseconds = 500
        /// Whether missing migrations are applied at the start.
        public var migrateAtStart = true
        /// Connections that write a large batch, and load the state, side by side.
        public var writerConnections = 2
        /// Connections for reports and statements, beside those that write.
        public var readerConnections = 2
    }

    /// Prices.
    public struct Rates: Sendable {
        /// The rate card's file, which also says what happens to an unknown model.
        public var card = "/etc/meterd/rates.yaml"
    }

    /// What holds for accounts that say nothing else.
    public struct Accounts: Sendable {
        /// The IANA time zone of days, weeks and months.
        public var defaultTimeZone = "UTC"
    }

    /// What usage is taken.
    public struct Usage: Sendable {
        /// How old usage may be when it is reported.
        public var lateByDays = 35
        /// How far ahead of our clock usage may be.
        public var aheadByMinutes = 5
        /// How long the ids of sources without sequences are remembered.
        public var idWindowHours = 24
        /// How many such ids are remembered at most; the oldest go first.
        public var idWindowEntries = 1 << 20
    }

    /// Holds.
    public struct Holds: Sendable {
        /// How long a hold lives that does not say.
        public var defaultTTLMilliseconds = 600_000
        /// The longest life that a hold may ask for.
        public var maxTTLMilliseconds = 3_600_000
        /// The output tokens that a slice of a hold covers: what is likely, not the maximum.
        public var sliceOutputTokens = 4096
        /// How many holds of one organisation are open at a time at most.
        public var maxOpenPerOrganisation = 100_000
    }

    /// The writer lease.
    public struct Lease: Sendable {
        /// How long a daemon that died keeps its successor waiting.
        public var ttlSeconds = 15
    }

    /// The log.
    public struct Logging: Sendable {
        /// The least important line that is logged.
        public var level = LogLevel.info
        /// How a line looks.
        public var format = LogFormat.text
    }

    /// How important a line of the log is.
    public enum LogLevel: String, Sendable, CaseIterable {
        /// Every step.
        case trace
        /// What helps to find a fault.
        case debug
        /// What the daemon does.
        case info
        /// What is unusual and fine.
        case notice
        /// What may need a look.
        case warning
        /// What needs a look.
        case error
        /// What stops the daemon.
        case critical
    }

    /// How a line of the log looks.
    public enum LogFormat: String, Sendable, CaseIterable {
        /// A sentence and `key=value` pairs, for people and the journal.
        case text
        /// One JSON object a line, for collectors.
        case json
    }
}
