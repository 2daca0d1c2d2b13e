import ControlPlane

/// How the program ends when it does not end well: a line on standard error and an exit code.
struct Failure: Error, Sendable, Equatable {
    /// The exit code.
    var status: Status
    /// One clear line with the next step.
    var message: String

    /// The exit codes, after sysexits.
    enum Status: Int32, Sendable {
        /// The answer is no: refused, not found, an audit that is not green.
        case negative = 1
        /// The command line is wrong.
        case usage = 64
        /// meterd cannot be reached.
        case unreachable = 69
        /// A bug, here or in meterd.
        case bug = 70
        /// What was asked for cannot be written: the disk is full, the folder is not there.
        case output = 74
        /// It may work later: PostgreSQL is away, the journal is full.
        case temporary = 75
        /// A configuration file or rate card is wrong.
        case config = 78
    }

    init(_ status: Status, _ message: String) {
        self.status = status
        self.message = message
    }

    /// What was asked for, and could not be written to standard output.
    static func unwritten(_ reason: String) -> Failure {
        Failure(.output, "Standard output cannot be written: \(reason). It is not complete.")
    }

    /// What kept an answer away.
    init(_ error: ControlClientError) {
        switch error {
        case .unreachable: self.init(.unreachable, error.description)
        case .interrupted, .timedOut: self.init(.temporary, error.description)
        }
    }

    /// What meterd said instead of doing what it was asked.
    init(_ problem: ProblemBody.Detail, httpStatus: Int) {
        let status: Status =
            switch problem.code {
            case "invalid", "malformed", "idempotency_key_missing", "too_large": .usage
            case "not_found", "exists", "idempotency_conflict", "account_closed": .negative
            case "nothing_left", "refund_exceeds", "not_a_charge", "not_a_purchase",
                "refund_not_offered":
                .negative
            case "plan_required", "coupon_redeemed", "payment_used", "purchase_settled",
                "invalid_key":
                .negative
            case "overloaded", "unavailable": .temporary
            default: httpStatus == 503 ? .temporary : .bug
            }
        self.init(status, problem.message)
    }
}
