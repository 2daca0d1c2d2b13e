import Quantities

/// Whether a loop looks for the next message for a moment before it sleeps.
///
/// Whoever sleeps has to be woken, which takes longer than a few looks. Those who wait for an
/// answer before they send again, calls or reports, do so at once or after a while, and mostly as
/// they did the last time: so the loop looks only after turns that did nothing but answer, and only
/// as long as the turn that follows such a one comes soon.
struct Lookout {
    /// A message that comes so many microseconds after an answer is worth looking for: the answer's
    /// way and the next message's way back lie between.
    static let soonMicroseconds: Int64 = 60

    private var hadAnswers = false
    private var isFollowed = false
    private var began = Timestamp.epoch

    /// Notes that a turn begins.
    mutating func begin(at now: Timestamp) {
        if hadAnswers {
            isFollowed = now < began.advanced(byMicroseconds: Lookout.soonMicroseconds)
        }
        began = now
    }

    /// Notes what the turn did: whether it answered somebody and brought no usage.
    mutating func end(onlyAnswered: Bool) {
        hadAnswers = onlyAnswered
    }

    /// Whether to look before sleeping now.
    var paysOff: Bool { hadAnswers && isFollowed }
}
