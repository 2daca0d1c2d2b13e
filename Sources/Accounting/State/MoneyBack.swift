import Quantities

/// What an organisation was given back, as far as the next refund has to know it.
///
/// Invariants:  what the database says was refunded of a line, as of a number of lines, and what is
///              remembered here of later ones are together all that was refunded of it.
/// Why:         the database knows the charges and is behind by what is not stored yet. A refund
///              is decided on what it says and on what it cannot say yet, so that a charge is
///              never given back twice, whatever was read when.
struct MoneyBack: Sendable {
    /// A refund that the database may not have yet.
    struct Recent: Sendable {
        /// The line that was charged.
        var line: UInt64
        /// The refund's own line.
        var ownLine: UInt64
        var amount: Amount
    }

    /// The highest number given.
    var last: RefundNumber
    /// Refunds up to this line of their own are forgotten here: the database has them.
    var forgottenThrough: UInt64 = 0
    var recent: [Recent] = []

    init(last: RefundNumber) {
        self.last = last
    }

    /// What was refunded of a line beyond what the database had at a number of lines.
    func refunded(of line: UInt64, after stored: UInt64) -> Amount {
        recent.reduce(.zero) { sum, refund in
            refund.line == line && refund.ownLine > stored ? sum + refund.amount : sum
        }
    }
}
