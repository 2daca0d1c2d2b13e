import Glibc

/// Why the control plane cannot listen.
public enum ControlError: Error, Sendable, Hashable {
    /// Another process answers on the socket: it is left alone.
    case socketInUse(path: String)
    /// Something that is no socket has that name: it is left alone.
    case notASocket(path: String)
    /// A path that does not fit a socket's address.
    case pathTooLong(path: String, limit: Int)
    /// There is no such group on this machine.
    case unknownGroup(name: String)
    /// An address from which other machines could reach the control plane.
    case notLoopback(host: String)
    /// A system call failed.
    case system(call: String, path: String, errno: Int32)
    /// The listener could not be opened.
    case listen(address: String, reason: String)
}

extension ControlError: CustomStringConvertible {
    /// A sentence that ends with the next step.
    public var description: String {
        switch self {
        case .socketInUse(let path):
            "Somebody answers on the control socket \(path): is another meterd running? Stop it, "
                + "or give this one another `control_socket.path`."
        case .notASocket(let path):
            "\(path) exists and is no socket. Move it away, or set another `control_socket.path`."
        case .pathTooLong(let path, let limit):
            "The control socket's path \(path) has \(path.utf8.count) bytes, and \(limit) is the "
                + "most that the system takes. Use a shorter one."
        case .unknownGroup(let name):
            "There is no group \"\(name)\" on this machine. Create it, or correct "
                + "`control_socket.group`."
        case .notLoopback(let host):
            "\(host) is not a loopback address: the control plane has no passwords and is never "
                + "opened to a network. Use 127.0.0.1 or ::1."
        case .system(let call, let path, let number):
            "\(call) of the control socket \(path) failed: \(String(cString: strerror(number)))."
        case .listen(let address, let reason):
            "The control plane cannot listen on \(address): \(reason)."
        }
    }
}
