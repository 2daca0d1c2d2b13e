/// Everything an operator can set, with its default.
///
/// Units:       are in the names: `_ms`, `_s`, `_hours`, `_bytes`.
/// Invariants:  what `load` returns has passed every check; a value made in code has not, so that
///              tests may go beyond the bounds on purpose.
/// Why:         one value that is handed down at start. Nothing reads a file or the environment
///              later.
public struct Settings: Sendable {
    /// Who this daemon is.
    public var node = Node()
    /// The socket that gateways and machines speak to.
    public var dataSocket = DataSocket()
    /// The socket of `meterctl`.
    public var controlSocket = ControlSocket()
    /// The control plane on loopback TCP, for what cannot speak to a Unix socket.
    public var controlTCP = ControlTCP()
    /// Queues and rings.
    public var engine = Engine()
    /// The write-ahead log.
    public var journal = Journal()
    /// The database.
    public var postgres = Postgres()
    /// Prices.
    public var rates = Rates()
    /// What holds for accounts that say nothing else.
    public var accounts = Accounts()
    /// What usage is taken.
    public var usage = Usage()
    /// Holds.
    public var holds = Holds()
    /// The writer lease.
    public var lease = Lease()
    /// The log.
    public var logging = Logging()

    /// Where each key's value comes from; a key that is missing stands at its default.
    public internal(set) var origins: [String: SettingsOrigin] = [:]
    /// The folder that relative file names stand in: that of the settings file.
    public internal(set) var baseDirectory = ""
    /// What looks wrong, though the settings were taken.
    public internal(set) var warnings: [YamlIssue] = []

    /// Makes the settings of an empty file.
    public init() {}

    /// The journal's folder: `journal.directory`, or the one in the state directory.
    public var journalDirectory: String {
        journal.directory.isEmpty ? node.stateDirectory + "/journal" : journal.directory
    }

    /// The rate card's file: a relative `rates.card` stands in the settings file's folder.
    public var ratesCard: String {
        if rates.card.hasPrefix("/") || baseDirectory.isEmpty { return rates.card }
        return baseDirectory + "/" + rates.card
    }

    /// How many ingest loops run on a machine of so many cores.
    ///
    /// - Parameter cores: The cores that this process may use.
    /// - Returns: The number set, or half of the cores, 1 to 4.
    public func ingestLoops(cores: Int) -> Int {
        engine.ingestLoops > 0 ? engine.ingestLoops : min(max(cores / 2, 1), 4)
    }

    /// How many shards run on a machine of so many cores.
    ///
    /// - Parameter cores: The cores that this process may use.
    /// - Returns: The number set, or half of the cores, 1 to 16.
    public func shards(cores: Int) -> Int {
        engine.shards > 0 ? engine.shards : min(max(cores / 2, 1), 16)
    }
}

extension Settings: Equatable {
    /// Whether every key has the same value, wherever it comes from.
    public static func == (left: Settings, right: Settings) -> Bool {
        keys.allSatisfy { $0.text(in: left) == $0.text(in: right) }
    }
}
