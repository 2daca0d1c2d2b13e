/// How machines are watched, and when they are told to stop.
public struct MachineRuns: Sendable, Hashable {
    /// How many seconds a run goes on without a sign of life.
    public var graceSeconds: Int
    /// So many seconds of the present burn a machine that is charged by time must leave in the
    /// wallet; with less it is told to stop.
    public var stopMarginSeconds: Int
    /// So many seconds a machine may go on after an hour was refused, before that hour is booked as
    /// debt.
    public var stopWithinSeconds: Int
    /// How many seconds a start or a resumption may take; so long its hold lives.
    public var startWithinSeconds: Int
    /// After so many seconds at the latest what a machine has cost by time becomes a line.
    public var bookEverySeconds: Int
    /// How often, in seconds, an order is said again that is not done.
    public var orderRepeatSeconds: Int
    /// How many deployments an organisation may have in use.
    public var maxPerOrganisation: Int

    /// Makes the rules.
    ///
    /// - Parameters:
    ///   - graceSeconds: How long a run goes on without a sign of life.
    ///   - stopMarginSeconds: How many seconds of the present burn must be left.
    ///   - stopWithinSeconds: How long a machine may go on after an hour was refused.
    ///   - startWithinSeconds: How long a start or a resumption may take.
    ///   - bookEverySeconds: After how long what was charged by time becomes a line.
    ///   - orderRepeatSeconds: How often an order is said again.
    ///   - maxPerOrganisation: How many deployments an organisation may have in use.
    public init(
        graceSeconds: Int = 120,
        stopMarginSeconds: Int = 300,
        stopWithinSeconds: Int = 300,
        startWithinSeconds: Int = 600,
        bookEverySeconds: Int = 60,
        orderRepeatSeconds: Int = 30,
        maxPerOrganisation: Int = 1000
    ) {
        self.graceSeconds = graceSeconds
        self.stopMarginSeconds = stopMarginSeconds
        self.stopWithinSeconds = stopWithinSeconds
        self.startWithinSeconds = startWithinSeconds
        self.bookEverySeconds = bookEverySeconds
        self.orderRepeatSeconds = orderRepeatSeconds
        self.maxPerOrganisation = maxPerOrganisation
    }
}
