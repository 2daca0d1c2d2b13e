import ArgumentParser
import Quantities

extension Amount: ExpressibleByArgument {
    /// Reads a decimal such as "14.9835".
    public init?(argument: String) {
        do throws(DecimalError) {
            try self.init(decimal: argument)
        } catch {
            return nil
        }
    }
}

/// A time as it is given on the command line: RFC 3339, or a bare date for its midnight in UTC.
struct Moment: ExpressibleByArgument, Sendable {
    let time: Timestamp

    init?(argument: String) {
        let text = argument.utf8.count == 10 ? argument + "T00:00:00Z" : argument
        guard let time = Timestamp(rfc3339: text.utf8) else { return nil }
        self.time = time
    }

    /// As the control plane takes it.
    var text: String { time.description }
}

/// Over which time a cap counts.
enum Period: String, ExpressibleByArgument, CaseIterable, Sendable {
    case day
    case week
    case month
    case total
}

/// Why credits are given.
enum CreditClass: String, ExpressibleByArgument, CaseIterable, Sendable {
    case purchased
    case promotional
    case plan
    case coupon
    case refund
    case adjustment
}
