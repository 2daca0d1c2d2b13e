import MeterClient

/// Where events come from.
protocol EventSource: ~Copyable {
    /// The next event, or nil at the end.
    mutating func next() throws -> SourcedEvent?
    /// How far the source has come.
    var progress: SourceProgress { get }
}

/// An event, and the sequence that it brought along, if any.
struct SourcedEvent: Sendable {
    var event: MeterEvent
    var sequence: UInt64?
}

/// How far a source has come.
struct SourceProgress: Sendable, Equatable {
    var doneBytes: UInt64 = 0
    var totalBytes: UInt64?
}
