import Quantities

/// Answers `subscribe`, with what is cut off at present.
public struct Subscribed: Sendable, Hashable {
    /// How many cutoffs one message carries; a longer list comes in several messages.
    public static let cutoffsPerMessage = 500

    /// What the client will be told.
    public var topics: Topics
    /// What is cut off at present, or the next part of it.
    public var cutoffs: [Cutoff]
    /// Whether this was the last part.
    public var isComplete: Bool

    /// Makes the message.
    ///
    /// - Parameters:
    ///   - topics: What the client will be told.
    ///   - cutoffs: What is cut off at present, at most `cutoffsPerMessage`.
    ///   - isComplete: Whether this was the last part.
    public init(topics: Topics, cutoffs: [Cutoff], isComplete: Bool = true) {
        self.topics = topics
        self.cutoffs = cutoffs
        self.isComplete = isComplete
    }
}

/// Who may spend no more, or again.
public struct Cutoff: Sendable, Hashable {
    /// What is cut off.
    public var scope: LimitScope
    /// Its public name, at most 255 bytes.
    public var id: String
    /// Why, such as `insufficient_credits`.
    public var reason: String
    /// Since when.
    public var at: Timestamp

    /// Makes a cutoff.
    ///
    /// - Parameters:
    ///   - scope: What is cut off.
    ///   - id: Its public name, at most 255 bytes.
    ///   - reason: Why, such as `insufficient_credits`.
    ///   - at: Since when.
    public init(scope: LimitScope, id: String, reason: String, at: Timestamp) {
        self.scope = scope
        self.id = id
        self.reason = reason
        self.at = at
    }
}

/// A machine must be stopped or resumed; repeated until it is done.
public struct Order: Sendable, Hashable {
    /// What is to be done.
    @frozen
    public enum Action: UInt8, Sendable, Hashable, CaseIterable {
        /// Stop it.
        case stop = 1
        /// Let it run again.
        case resume = 2

        /// The action as it is written in JSON lines.
        public var name: StaticString {
            switch self {
            case .stop: "stop"
            case .resume: "resume"
            }
        }
    }

    /// The order's number, for `order_done`.
    public var order: UInt64
    /// Which deployment, at most 64 bytes.
    public var deployment: String
    /// What is to be done.
    public var action: Action
    /// Why, such as `insufficient_credits`.
    public var reason: String

    /// Makes an order.
    ///
    /// - Parameters:
    ///   - order: The order's number, for `order_done`.
    ///   - deployment: Which deployment, at most 64 bytes.
    ///   - action: What is to be done.
    ///   - reason: Why, such as `insufficient_credits`.
    public init(order: UInt64, deployment: String, action: Action, reason: String) {
        self.order = order
        self.deployment = deployment
        self.action = action
        self.reason = reason
    }
}
