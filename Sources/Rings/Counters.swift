import Synchronization

/// A number of things that happened, for metrics; alone on its cache lines.
///
/// Order:       relaxed: a reader sees a recent value, and nothing else may be concluded from it.
/// Cost:        one locked addition.
public final class PaddedCounter: Sendable {
    private let cursor = PaddedCursor()

    /// Starts at zero.
    public init() {}

    /// The count.
    public var value: UInt64 { cursor.value.load(ordering: .relaxed) }

    /// Counts; from any thread.
    ///
    /// - Parameter count: How many.
    public func add(_ count: UInt64 = 1) {
        cursor.value.wrappingAdd(count, ordering: .relaxed)
    }
}

/// A level that goes up and down, for metrics; alone on its cache lines.
///
/// Order:       relaxed, as for `PaddedCounter`.
public final class PaddedGauge: Sendable {
    private let cursor = PaddedCursor()

    /// Starts at zero.
    public init() {}

    /// The level.
    public var value: Int64 { Int64(bitPattern: cursor.value.load(ordering: .relaxed)) }

    /// Sets the level.
    ///
    /// - Parameter level: The new level.
    public func set(_ level: Int64) {
        cursor.value.store(UInt64(bitPattern: level), ordering: .relaxed)
    }

    /// Moves the level; from any thread.
    ///
    /// - Parameter difference: How far, may be negative.
    public func add(_ difference: Int64) {
        cursor.value.wrappingAdd(UInt64(bitPattern: difference), ordering: .relaxed)
    }

    /// Raises the level to at least this one: a high-water mark; from any thread.
    ///
    /// - Parameter level: A level that was reached.
    public func raise(to level: Int64) {
        var seen = cursor.value.load(ordering: .relaxed)
        while Int64(bitPattern: seen) < level {
            let (exchanged, original) = cursor.value.weakCompareExchange(
                expected: seen,
                desired: UInt64(bitPattern: level),
                ordering: .relaxed
            )
            if exchanged { return }
            seen = original
        }
    }
}
