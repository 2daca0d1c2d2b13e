import Quantities

/// What is known of an account's alerts.
struct AlertState: Sendable {
    /// Something that has gone off and not recovered.
    struct Raised: Sendable {
        var point: AlertPoint
        var alert: UInt64
    }

    /// The account's own wishes; nil where those of the offer hold.
    var own: AlertRules?
    /// The highest number given.
    var last: UInt64 = 0
    /// What has gone off and not recovered, by number; all else is armed.
    var raised: [Raised] = []

    func alert(at point: AlertPoint) -> UInt64? {
        raised.first { $0.point == point }?.alert
    }

    func combine(into digest: inout StateDigest) {
        // Wishes that were taken back leave nothing.
        if last == 0, own == nil { return }
        digest.combine(last)
        digest.combine(bytes: (own?.text ?? "-").utf8)
        for entry in raised {
            digest.combine(entry.alert)
            digest.combine(UInt64(entry.point.kind.rawValue) << 8 | UInt64(entry.point.id) << 16)
            digest.combine(
                UInt64(entry.point.scope.rawValue) << 8 | UInt64(entry.point.period.rawValue)
            )
            digest.combine(entry.point.threshold)
        }
    }
}

/// What is known of an account's alerts at a checkpoint.
public struct AlertSnapshot: Sendable, Hashable {
    /// The account's own wishes; nil where those of the offer hold.
    public var own: AlertRules?
    /// The highest number given.
    public var last: UInt64
    /// What has gone off and not recovered, by number.
    public var raised: [AlertCleared]

    /// Makes a snapshot.
    ///
    /// - Parameters:
    ///   - own: The account's own wishes; nil where those of the offer hold.
    ///   - last: The highest number given.
    ///   - raised: What has gone off and not recovered, by number, with what was found then.
    public init(own: AlertRules? = nil, last: UInt64 = 0, raised: [AlertCleared] = []) {
        self.own = own
        self.last = last
        self.raised = raised
    }
}
