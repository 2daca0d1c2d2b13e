import Glibc

/// What the service manager handed to this process through the environment.
///
/// Why: systemd's protocols are a datagram and four variables; linking libsystemd for them would
/// add a dependency to a daemon that must also run without it. The reading is pure, so that tests
/// need no systemd; only ``send(_:)`` touches the world.
struct Systemd: Sendable {
    /// Where notifications go, or nil when nobody listens.
    let notifySocket: NotifyAddress?
    /// How often ``Notification/watchdog`` must be sent, or nil when nobody watches.
    let watchdogMicroseconds: UInt64?
    /// Sockets that were handed over, by the name in `FileDescriptorName=`.
    let listeners: [String: [Int32]]
    /// The folder of `LoadCredential=` files.
    let credentialsDirectory: String?

    /// The first descriptor that is handed over; 0 to 2 are the standard streams.
    static let firstListener: Int32 = 3

    /// The descriptor of a socket that was handed over under this name, or nil.
    func listener(named name: String) -> Int32? {
        listeners[name]?.first
    }

    /// The file of a credential, whether or not it exists.
    func credential(named name: String) -> String? {
        credentialsDirectory.map { $0 + "/" + name }
    }

    /// Half the watchdog's interval, which is how often systemd advises to report.
    var watchdogPeriodMicroseconds: UInt64? {
        watchdogMicroseconds.map { max($0 / 2, 1) }
    }
}

extension Systemd {
    /// Reads what was handed over.
    ///
    /// - Parameters:
    ///   - environment: The process's environment.
    ///   - processID: This process: variables that name another were inherited, and are not for us.
    init(environment: [String: String], processID: Int32) {
        notifySocket = environment["NOTIFY_SOCKET"].flatMap(NotifyAddress.init)
        credentialsDirectory = environment["CREDENTIALS_DIRECTORY"]
        watchdogMicroseconds = Systemd.watchdog(environment, processID)
        listeners = Systemd.listeners(environment, processID)
    }

    private static func watchdog(_ environment: [String: String], _ processID: Int32) -> UInt64? {
        guard let interval = environment["WATCHDOG_USEC"].flatMap(UInt64.init), interval > 0
        else { return nil }
        // Without WATCHDOG_PID it is meant for whoever reads it.
        if let watched = environment["WATCHDOG_PID"], Int32(watched) != processID { return nil }
        return interval
    }

    private static func listeners(
        _ environment: [String: String],
        _ processID: Int32
    ) -> [String: [Int32]] {
        guard environment["LISTEN_PID"].flatMap(Int32.init) == processID,
            let count = environment["LISTEN_FDS"].flatMap(Int32.init), (1...1024).contains(count)
        else { return [:] }
        let names = (environment["LISTEN_FDNAMES"] ?? "")
            .split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        var listeners: [String: [Int32]] = [:]
        for offset in 0..<Int(count) {
            // systemd's own word for a descriptor that has no name.
            let name = offset < names.count && !names[offset].isEmpty ? names[offset] : "unknown"
            listeners[name, default: []].append(firstListener + Int32(offset))
        }
        return listeners
    }
}

extension Systemd {
    /// Something to tell the service manager.
    enum Notification: Sendable, Hashable {
        /// Start-up is done: sockets are open and the books are loaded.
        case ready
        /// A reload has begun, at this time of the monotonic clock; `ready` ends it.
        case reloading(monotonicMicroseconds: UInt64)
        /// Shutting down.
        case stopping
        /// One line for `systemctl status`.
        case status(String)
        /// Still alive.
        case watchdog
        /// The watchdog should act now: the daemon knows that it is stuck.
        case watchdogTrigger
        /// Start-up or shutdown needs longer than the unit allows.
        case extendTimeout(microseconds: UInt64)

        /// The assignments of one datagram, as sd_notify(3) has them.
        var text: String {
            switch self {
            case .ready: "READY=1"
            case .reloading(let time): "RELOADING=1\nMONOTONIC_USEC=\(time)"
            case .stopping: "STOPPING=1"
            // A line feed would begin another assignment.
            case .status(let line): "STATUS=" + String(line.map { $0.isNewline ? " " : $0 })
            case .watchdog: "WATCHDOG=1"
            case .watchdogTrigger: "WATCHDOG=trigger"
            case .extendTimeout(let time): "EXTEND_TIMEOUT_USEC=\(time)"
            }
        }
    }

    /// Sends notifications in one datagram; does nothing when nobody listens.
    ///
    /// - Parameter notifications: What to tell, in this order.
    /// - Returns: 0, or the errno value of what failed; losing one is no reason to stop.
    @discardableResult
    func send(_ notifications: Notification...) -> Int32 {
        guard let notifySocket, !notifications.isEmpty else { return 0 }
        return notifySocket.send(notifications.map(\.text).joined(separator: "\n"))
    }

    /// Marks handed-over descriptors as not to be inherited by children.
    func closeListenersOnExec() {
        for descriptor in listeners.values.joined() {
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        }
    }
}

/// The address in `NOTIFY_SOCKET`: a path, or an abstract name that begins with `@`.
struct NotifyAddress: Sendable, Hashable {
    /// The bytes of `sun_path`; an abstract name begins with a zero.
    let path: [UInt8]

    /// Reads an address, or nil when it is none that a Unix socket can have.
    init?(_ text: String) {
        var path = Array(text.utf8)
        guard let first = path.first, path.count > 1 else { return nil }
        switch first {
        case UInt8(ascii: "/"): path.append(0)
        case UInt8(ascii: "@"): path[0] = 0
        // VSOCK and others are for virtual machines.
        default: return nil
        }
        guard path.count <= NotifyAddress.capacity else { return nil }
        self.path = path
    }

    /// The size of `sun_path`.
    static let capacity = MemoryLayout.size(ofValue: sockaddr_un().sun_path)

    /// Sends one datagram; returns 0 or an errno value.
    func send(_ text: String) -> Int32 {
        let type = Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue)
        let descriptor = socket(AF_UNIX, type, 0)
        guard descriptor >= 0 else { return errno }
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path) }
        // An abstract name ends where the length says, a path at its zero.
        let offset = MemoryLayout.offset(of: \sockaddr_un.sun_path) ?? 2
        let length = socklen_t(offset + path.count)
        let bytes = Array(text.utf8)
        let flags = Int32(MSG_NOSIGNAL)
        let sent = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                sendto(descriptor, bytes, bytes.count, flags, generic, length)
            }
        }
        return sent < 0 ? errno : 0
    }
}
