import Quantities

/// Credits were set aside for a request that is about to run.
public struct HoldPlaced: Sendable, Hashable {
    /// Its serial within the organisation, from 1.
    public var hold: UInt64
    /// The project, or 0.
    public var project: UInt32
    /// The key, or 0.
    public var key: UInt32
    /// The model's number.
    public var model: UInt32
    /// When it lapses by itself.
    public var expiresAt: Timestamp
    /// Which grants it took.
    public var draws: Draws

    /// Makes the change's content.
    ///
    /// - Parameters:
    ///   - hold: Its serial within the organisation, from 1.
    ///   - project: The project, or 0.
    ///   - key: The key, or 0.
    ///   - model: The model's number.
    ///   - expiresAt: When it lapses by itself.
    ///   - draws: Which grants it took.
    public init(
        hold: UInt64,
        project: UInt32,
        key: UInt32,
        model: UInt32,
        expiresAt: Timestamp,
        draws: Draws
    ) {
        self.hold = hold
        self.project = project
        self.key = key
        self.model = model
        self.expiresAt = expiresAt
        self.draws = draws
    }
}

/// A hold was extended.
public struct HoldExtended: Sendable, Hashable {
    /// Its serial.
    public var hold: UInt64
    /// The new moment at which it lapses.
    public var expiresAt: Timestamp
    /// What was added, and from which grants.
    public var draws: Draws

    /// Makes the change's content.
    ///
    /// - Parameters:
    ///   - hold: Its serial.
    ///   - expiresAt: The new moment at which it lapses.
    ///   - draws: What was added, and from which grants.
    public init(
        hold: UInt64,
        expiresAt: Timestamp,
        draws: Draws
    ) {
        self.hold = hold
        self.expiresAt = expiresAt
        self.draws = draws
    }
}

/// A hold went without a charge.
public struct HoldReleased: Sendable, Hashable {
    /// Its serial.
    public var hold: UInt64
    /// True when time ran out, false when the client gave it back.
    public var lapsed: Bool

    /// Makes the change's content.
    ///
    /// - Parameters:
    ///   - hold: Its serial.
    ///   - lapsed: True when time ran out, false when the client gave it back.
    public init(
        hold: UInt64,
        lapsed: Bool
    ) {
        self.hold = hold
        self.lapsed = lapsed
    }
}
