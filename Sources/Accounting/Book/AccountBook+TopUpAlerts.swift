import Quantities

/// What became of a top-up, as far as people are told of it.
public enum TopUpEvent: Sendable, Hashable {
    /// It was not paid.
    case failed
    /// No more is asked for in this month.
    case limitReached
    /// It was paid: a later failure is told anew.
    case paid
}

extension AccountBook {
    /// Tells of a top-up: the one call for whoever asks for top-ups.
    ///
    /// A failure is told once until a top-up is paid; a limit once a calendar month.
    ///
    /// - Parameters:
    ///   - event: What became of it.
    ///   - amount: What was asked for.
    ///   - text: Why it failed, or which limit it was; for people.
    ///   - org: The organisation.
    ///   - moment: The present moment.
    ///   - buffer: Where the record goes.
    public func tellTopUp(
        _ event: TopUpEvent,
        amount: Amount,
        text: String,
        org: UInt32,
        at moment: Timestamp,
        into buffer: RecordBuffer
    ) {
        let failed = AlertPoint(kind: .topUpFailed)
        switch event {
        case .paid: clearAlert(failed, value: amount, org: org, at: moment, into: buffer)
        case .failed, .limitReached:
            let limit = AlertPoint(kind: .topUpLimitReached, period: .month)
            raiseAlert(
                event == .failed ? failed : limit,
                value: amount,
                text: text,
                org: org,
                at: moment,
                into: buffer
            )
        }
    }
}
