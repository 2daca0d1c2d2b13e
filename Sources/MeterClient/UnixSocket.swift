import CLinux
import Glibc
import Wire

/// A connected socket, closed once when it goes away.
struct UnixSocket: ~Copyable {
    let descriptor: Int32

    /// Takes over a connected socket.
    init(adopting descriptor: Int32) {
        self.descriptor = descriptor
    }

    /// Connects to a path.
    init(path: String) throws(MeterClientError) {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let capacity = MemoryLayout.size(ofValue: address.sun_path)
        guard path.utf8.count < capacity else { throw .pathTooLong(path: path) }
        withUnsafeMutableBytes(of: &address.sun_path) { target in
            for (index, byte) in path.utf8.enumerated() { target[index] = byte }
        }
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let descriptor = socket(AF_UNIX, type, 0)
        guard descriptor >= 0 else { throw .unreachable(path: path, errno: errno) }
        let length = socklen_t(MemoryLayout<sockaddr_un>.size)
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, length)
            }
        }
        guard result == 0 else {
            let reason = errno
            close(descriptor)
            throw .unreachable(path: path, errno: reason)
        }
        self.descriptor = descriptor
    }

    deinit {
        close(descriptor)
    }

    /// Sends what the socket takes at once; 0 when it takes nothing now.
    func send(_ bytes: RawSpan) throws(MeterClientError) -> Int {
        let flags = Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT)
        let sent = bytes.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, flags) }
        if sent >= 0 { return sent }
        if errno == EAGAIN || errno == EINTR { return 0 }
        throw .disconnected(errno: errno)
    }

    /// Receives what is there; 0 when nothing is there now.
    func receive(_ target: UnsafeMutableRawBufferPointer) throws(MeterClientError) -> Int {
        let count = recv(
            descriptor,
            target.baseAddress,
            target.count,
            Int32(MSG_DONTWAIT)
        )
        if count > 0 { return count }
        // No bytes without an error mean that the daemon has closed its end.
        if count == 0 { throw .disconnected(errno: 0) }
        if errno == EAGAIN || errno == EINTR { return 0 }
        throw .disconnected(errno: errno)
    }
}

/// The monotonic clock, for time-outs only.
enum ClientClock {
    /// Nanoseconds since some moment in the past.
    static var nanoseconds: UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    /// The moment so long from now; nil means never.
    static func deadline(after duration: Duration?) -> UInt64 {
        guard let duration else { return .max }
        let (seconds, attoseconds) = duration.components
        guard seconds >= 0, attoseconds >= 0 else { return nanoseconds }
        guard seconds < 1_000_000_000 else { return .max }
        return nanoseconds + UInt64(seconds) * 1_000_000_000 + UInt64(attoseconds) / 1_000_000_000
    }

    /// Waits until a descriptor is readable, or a deadline.
    static func wait(for descriptor: Int32, until deadline: UInt64) {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        _ = poll(&entry, 1, pollTimeout(until: deadline))
    }

    /// Milliseconds until a deadline for `poll`, rounded up; -1 for never.
    static func pollTimeout(until deadline: UInt64) -> Int32 {
        if deadline == .max { return -1 }
        let now = nanoseconds
        guard deadline > now else { return 0 }
        return Int32(clamping: (deadline - now + 999_999) / 1_000_000)
    }
}
