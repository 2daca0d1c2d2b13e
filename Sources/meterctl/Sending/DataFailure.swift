import MeterClient
import Wire

extension Failure {
    /// What went wrong on the data socket.
    init(_ error: MeterClientError, path: String) {
        switch error {
        case .unreachable(_, let number):
            self.init(
                .unreachable,
                "Cannot reach meterd on \(path): \(SystemText.reason(number)). Is meterd running? "
                    + "Give its data socket with --data-socket or METERD_DATA_SOCKET."
            )
        case .pathTooLong, .invalidText, .producerShared, .tooManyNames:
            self.init(.usage, error.description)
        case .rejected(let rejection):
            self.init(rejection.code == .overloaded ? .temporary : .negative, error.description)
        case .closedByDaemon(let fault):
            let status: Status =
                switch fault.code {
                case .overloaded, .shuttingDown: .temporary
                case .notAllowed: .negative
                case .producerInUse: .usage
                default: .bug
                }
            self.init(status, error.description)
        case .disconnected, .timedOut: self.init(.temporary, error.description)
        case .badAnswer, .closed: self.init(.bug, error.description)
        }
    }
}
