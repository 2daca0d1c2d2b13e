import CLinux
import Dispatch
import Quantities

#if canImport(Glibc)
import Glibc
#endif

/// What can go wrong with the data socket.
public enum IngestError: Error, Sendable, Hashable {
    /// The path is longer than a Unix socket's may be.
    case pathTooLong(path: String, limit: Int)
    /// A daemon answers on this path already.
    case inUse(path: String)
    /// The system refused; `call` says what was asked of it.
    case system(call: String, path: String, code: Int32)
}

extension IngestError: CustomStringConvertible {
    /// What is wrong, with the next step.
    public var description: String {
        switch self {
        case .pathTooLong(let path, let limit):
            "The socket path \"\(path)\" is longer than \(limit) bytes. Choose a shorter "
                + "data_socket.path."
        case .inUse(let path):
            "Another process listens on \"\(path)\". Stop it, or choose another data_socket.path."
        case .system(let call, let path, let code):
            "\(call) failed for \"\(path)\": \(String(cString: strerror(code))). Check that the "
                + "folder exists and may be written."
        }
    }
}

/// The data socket and the loops behind it.
public final class Listener: Sendable {
    private let listener: Int32
    private let path: String?
    private let signals: [LoopSignal]
    private let finished: DispatchGroup

    /// The shortest slice that the scheduler knows.
    private static let sliceNanoseconds: UInt64 = 100_000

    /// Starts the loops on a listening socket.
    ///
    /// - Parameters:
    ///   - socket: A listening socket, which is closed at the end.
    ///   - path: The path to remove at the end, or nil when somebody else made the socket.
    ///   - wirings: One for each loop.
    public init(socket: Int32, path: String?, wirings: [LoopWiring]) {
        self.listener = socket
        self.path = path
        self.signals = wirings.map(\.signal)
        let group = DispatchGroup()
        self.finished = group
        for wiring in wirings {
            let others = wirings.dropFirst().map { ($0.mailbox, $0.signal) }
            let queue = DispatchQueue(label: "meterd.ingest.\(wiring.index)", qos: .userInitiated)
            group.enter()
            queue.async {
                // What a loop does is short, and somebody waits for it: its turn should come soon
                // also where others want the processor. Where it may not ask, it waits like them.
                _ = meterd_request_slice(Listener.sliceNanoseconds)
                let loop = IngestLoop(
                    wiring: wiring,
                    transport: EpollTransport(
                        signal: wiring.signal,
                        listener: wiring.index == 0 ? socket : -1
                    ),
                    others: wiring.index == 0 ? others : []
                )
                loop.run()
                group.leave()
            }
        }
    }

    /// Stops taking new messages, answers what was taken, and returns when all loops have ended.
    public func stop() {
        for signal in signals { signal.stop() }
        finished.wait()
        Glibc.close(listener)
        if let path { unlink(path) }
    }

    /// Makes a listening Unix socket.
    ///
    /// A socket file that nobody listens on any more is replaced.
    ///
    /// - Parameters:
    ///   - path: Where.
    ///   - mode: Its permissions.
    ///   - owner: Its user number, or nil to leave it.
    ///   - group: Its group number, or nil to leave it.
    /// - Returns: The listening socket.
    /// - Throws: `IngestError`.
    public static func listen(
        path: String,
        mode: UInt32,
        owner: UInt32? = nil,
        group: UInt32? = nil
    ) throws(IngestError) -> Int32 {
        var address = try socketAddress(path)
        if isAnswering(address) { throw .inUse(path: path) }
        unlink(path)
        let fd = socket(
            AF_UNIX,
            Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue),
            0
        )
        guard fd >= 0 else { throw .system(call: "socket", path: path, code: errno) }
        let bound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(fd, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard bound == 0, chmod(path, mode) == 0, Glibc.listen(fd, 1024) == 0 else {
            let code = errno
            Glibc.close(fd)
            throw .system(call: "bind", path: path, code: code)
        }
        if owner != nil || group != nil {
            guard chown(path, owner ?? .max, group ?? .max) == 0 else {
                let code = errno
                Glibc.close(fd)
                throw .system(call: "chown", path: path, code: code)
            }
        }
        return fd
    }

    private static func socketAddress(_ path: String) throws(IngestError) -> sockaddr_un {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let limit = MemoryLayout.size(ofValue: address.sun_path) - 1
        guard path.utf8.count <= limit else { throw .pathTooLong(path: path, limit: limit) }
        withUnsafeMutableBytes(of: &address.sun_path) { target in
            for (index, byte) in path.utf8.enumerated() { target[index] = byte }
        }
        return address
    }

    private static func isAnswering(_ address: sockaddr_un) -> Bool {
        let fd = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard fd >= 0 else { return false }
        defer { Glibc.close(fd) }
        var address = address
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(fd, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
    }
}
