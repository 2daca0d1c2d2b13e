/// The tokens of one request, after the OpenTelemetry GenAI convention.
///
/// Units:       tokens.
/// Invariants:  `cacheRead + cacheWrite <= input` and `reasoning <= output`: the parts are
///              contained in the totals. `isConsistent` tells; what arrives otherwise is rejected,
///              not repaired.
@frozen
public struct TokenCounts: Sendable, Hashable, BitwiseCopyable {
    /// All input tokens, cached and cache-written ones included.
    public var input: UInt32
    /// Input tokens that were read from a cache.
    public var cacheRead: UInt32
    /// Input tokens that were written to a cache.
    public var cacheWrite: UInt32
    /// All output tokens, reasoning ones included.
    public var output: UInt32
    /// Output tokens spent on reasoning.
    public var reasoning: UInt32

    /// Makes the counts of one request.
    ///
    /// - Parameters:
    ///   - input: All input tokens.
    ///   - cacheRead: Those of them read from a cache.
    ///   - cacheWrite: Those of them written to a cache.
    ///   - output: All output tokens.
    ///   - reasoning: Those of them spent on reasoning.
    @inlinable
    public init(
        input: UInt32 = 0,
        cacheRead: UInt32 = 0,
        cacheWrite: UInt32 = 0,
        output: UInt32 = 0,
        reasoning: UInt32 = 0
    ) {
        self.input = input
        self.cacheRead = cacheRead
        self.cacheWrite = cacheWrite
        self.output = output
        self.reasoning = reasoning
    }

    /// Whether the parts are contained in the totals.
    @inlinable public var isConsistent: Bool {
        UInt64(cacheRead) + UInt64(cacheWrite) <= UInt64(input) && reasoning <= output
    }
}
