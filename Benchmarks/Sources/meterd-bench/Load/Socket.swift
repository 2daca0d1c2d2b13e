import Glibc

/// One end of a Unix stream socket that blocks, closed once when nobody holds it any more.
final class Socket: Sendable {
    let descriptor: Int32

    init(adopting descriptor: Int32) {
        self.descriptor = descriptor
    }

    /// Connects to a path; gives up on answers after a minute.
    init(path: String) throws {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        guard path.utf8.count < MemoryLayout.size(ofValue: address.sun_path) else {
            throw BenchError("the socket's path \(path) is too long: give a shorter --folder")
        }
        withUnsafeMutableBytes(of: &address.sun_path) { target in
            for (index, byte) in path.utf8.enumerated() { target[index] = byte }
        }
        descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        let length = socklen_t(MemoryLayout<sockaddr_un>.size)
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, length)
            }
        }
        guard result == 0 else { throw BenchError("cannot reach \(path): \(BenchError.reason())") }
        setReceiveTimeout(seconds: 60)
    }

    deinit {
        close(descriptor)
    }

    /// Two connected ends: the same kind of socket as a daemon's, without its listener.
    static func pair() throws -> (Socket, Socket) {
        var ends: [Int32] = [-1, -1]
        let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, type, 0, &ends) == 0 else {
            throw BenchError("cannot make a pair of sockets: \(BenchError.reason())")
        }
        let pair = (Socket(adopting: ends[0]), Socket(adopting: ends[1]))
        pair.0.setReceiveTimeout(seconds: 60)
        return pair
    }

    func setReceiveTimeout(seconds: Int) {
        var time = timeval(tv_sec: seconds, tv_usec: 0)
        setsockopt(
            descriptor,
            SOL_SOCKET,
            SO_RCVTIMEO,
            &time,
            socklen_t(MemoryLayout<timeval>.size)
        )
    }

    /// Sends all of it, however long the other side takes.
    func sendAll(_ bytes: UnsafeRawBufferPointer) throws {
        var sent = 0
        while sent < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[sent...])
            let count = send(descriptor, rest.baseAddress, rest.count, Int32(MSG_NOSIGNAL))
            if count > 0 {
                sent += count
            } else if errno != EINTR {
                throw BenchError("the other side takes nothing more: \(BenchError.reason())")
            }
        }
    }

    /// Receives what is there, at least a byte; 0 at the end.
    func receive(_ target: UnsafeMutableRawBufferPointer) throws -> Int {
        while true {
            let count = recv(descriptor, target.baseAddress, target.count, 0)
            if count >= 0 { return count }
            if errno != EINTR { throw BenchError("no answer: \(BenchError.reason())") }
        }
    }

    /// Receives exactly as much as there is room for; false at the end.
    func receiveAll(_ target: UnsafeMutableRawBufferPointer) throws -> Bool {
        var count = 0
        while count < target.count {
            let more = try receive(UnsafeMutableRawBufferPointer(rebasing: target[count...]))
            if more == 0 { return false }
            count += more
        }
        return true
    }

    /// Tells the other side that nothing more comes.
    func endSending() {
        shutdown(descriptor, Int32(SHUT_WR))
    }
}
