/// What can be fuzzed: each harness takes any bytes at all and says which promise they broke.
///
/// Why: one set of properties for libFuzzer (`make fuzz`) and for the short run of `make test`, so
/// that an input that one of them found is proved by the other.
public enum FuzzHarness: String, CaseIterable, Sendable {
    /// Binary frames of clients and of the daemon.
    case binary
    /// JSON lines of clients and of the daemon.
    case lines
    /// The segment files of a journal: what recovery and reading make of them.
    case journal
    /// The records in a journal block.
    case records
    /// The settings file, with environment variables.
    case settings
    /// Rate cards, and LiteLLM's price list.
    case rates

    /// Puts an input through what it is meant for.
    ///
    /// - Parameter input: Anything.
    /// - Throws: `BrokenPromise` when something came out that must not; a trap is a finding, too.
    public func check(_ input: UnsafeRawBufferPointer) throws(BrokenPromise) {
        switch self {
        case .binary: try BinaryProperties.check(input)
        case .lines: try LineProperties.check(input)
        case .journal: try JournalProperties.check(input)
        case .records: try RecordProperties.check(input)
        case .settings: try SettingsProperties.check(input)
        case .rates: try RateProperties.check(input)
        }
    }

    /// The longest input that is worth trying.
    public var longestInput: Int {
        switch self {
        case .binary, .records, .settings, .rates: 4096
        case .lines: 2048
        case .journal: 3072
        }
    }
}

/// A property that an input has shown to be false.
public struct BrokenPromise: Error, CustomStringConvertible {
    /// What was promised, and what happened instead.
    public let description: String

    init(_ description: String) {
        self.description = description
    }
}

/// Throws unless the promise holds.
func promise(_ holds: Bool, _ text: @autoclosure () -> String) throws(BrokenPromise) {
    if !holds { throw BrokenPromise(text()) }
}
