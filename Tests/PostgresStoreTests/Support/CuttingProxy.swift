import Dispatch
import Glibc
import Synchronization
import Testing

/// A Unix socket before the server's, which cuts connections at a chosen moment of a COMMIT.
///
/// It forwards bytes both ways on a thread of its own for each connection, and looks for the
/// message that libpq sends for the statement `COMMIT`.
final class CuttingProxy: Sendable {
    enum Cut: Sendable {
        /// Everything goes through.
        case never
        /// The COMMIT does not reach the server.
        case before
        /// The COMMIT reaches the server and the connection ends at once, its outcome still open.
        case after
        /// The server has answered, but the answer is lost.
        case afterAnswer
    }

    let directory: String
    private let listener: Int32
    private let target: String
    private let cut = Mutex(Cut.never)

    init(target: String) throws {
        self.target = target
        var template = Array("/tmp/meterd-proxy-XXXXXX".utf8CString)
        let made = template.withUnsafeMutableBufferPointer { buffer -> String? in
            guard let start = buffer.baseAddress, let path = mkdtemp(start) else { return nil }
            return String(cString: path)
        }
        directory = try #require(made)
        listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = CuttingProxy.address(directory + "/.s.PGSQL.5432")
        let bound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        try #require(bound == 0 && listen(listener, 8) == 0)
        let queue = DispatchQueue(label: "proxy.accept")
        queue.async { [listener, self] in
            while true {
                let client = accept(listener, nil, nil)
                if client < 0 { return }
                DispatchQueue(label: "proxy.connection").async { self.forward(client) }
            }
        }
    }

    /// Chooses when connections are cut from now on.
    func set(_ choice: Cut) {
        cut.withLock { $0 = choice }
    }

    func stop() {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
        unlink(directory + "/.s.PGSQL.5432")
        rmdir(directory)
    }

    private static func address(_ path: String) -> sockaddr_un {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { target in
            for (index, byte) in path.utf8.prefix(target.count - 1).enumerated() {
                target[index] = byte
            }
        }
        return address
    }

    private func forward(_ client: Int32) {
        let server = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        defer {
            close(client)
            close(server)
        }
        var address = CuttingProxy.address(target)
        let connected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(server, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard connected == 0 else { return }
        var commitSent = false
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            var waiting = [
                pollfd(fd: client, events: Int16(POLLIN), revents: 0),
                pollfd(fd: server, events: Int16(POLLIN), revents: 0),
            ]
            guard poll(&waiting, 2, -1) > 0 else { return }
            if waiting[0].revents != 0 {
                let count = read(client, &buffer, buffer.count)
                guard count > 0 else { return }
                let choice = cut.withLock { $0 }
                let isCommit = CuttingProxy.holdsCommit(buffer[0..<count])
                if isCommit, choice == .before { return }
                guard CuttingProxy.send(buffer[0..<count], to: server) else { return }
                if isCommit, choice == .after { return }
                if isCommit, choice == .afterAnswer { commitSent = true }
            }
            if waiting[1].revents != 0 {
                let count = read(server, &buffer, buffer.count)
                guard count > 0, !commitSent else { return }
                guard CuttingProxy.send(buffer[0..<count], to: client) else { return }
            }
        }
    }

    /// 'Q', the length 11, "COMMIT" and its end; the client waits for the answer, so it comes
    /// alone.
    private static func holdsCommit(_ bytes: ArraySlice<UInt8>) -> Bool {
        bytes.elementsEqual([0x51, 0, 0, 0, 11] + Array("COMMIT".utf8) + [0])
    }

    private static func send(_ bytes: ArraySlice<UInt8>, to file: Int32) -> Bool {
        var sent = 0
        return bytes.withUnsafeBytes { memory in
            while sent < memory.count {
                let count = Glibc.send(
                    file,
                    memory.baseAddress.map { $0 + sent },
                    memory.count - sent,
                    Int32(MSG_NOSIGNAL)
                )
                if count <= 0 { return false }
                sent += count
            }
            return true
        }
    }
}
