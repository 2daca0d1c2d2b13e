import Glibc

/// A connected Unix stream socket, for bytes that no client library would send.
package final class LocalSocket {
    private let descriptor: Int32
    private var received: [UInt8] = []

    /// Whether the other end has closed the connection.
    package private(set) var isEnded = false

    /// Whether the other end takes nothing more, because it has closed the connection.
    package private(set) var isBroken = false

    /// Connects.
    ///
    /// - Parameter path: The socket's path.
    /// - Throws: `HarnessError` when nobody listens.
    package init(path: String) throws {
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        descriptor = socket(AF_UNIX, type, 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { target in
            for (index, byte) in path.utf8.prefix(target.count - 1).enumerated() {
                target[index] = byte
            }
        }
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard result == 0 else {
            // `deinit` closes: all properties are set.
            throw HarnessError("\(path) cannot be reached (errno \(errno))")
        }
    }

    deinit {
        close(descriptor)
    }

    /// Sends bytes; what the other end no longer takes is dropped.
    ///
    /// - Parameters:
    ///   - bytes: What to send.
    ///   - seconds: How long to wait while the other end does not read.
    /// - Returns: How many bytes went out.
    @discardableResult
    package func send(_ bytes: [UInt8], within seconds: Double = 5) -> Int {
        let deadline = HarnessClock.seconds + seconds
        var sent = 0
        while sent < bytes.count, HarnessClock.seconds < deadline {
            let count = bytes.withUnsafeBytes { memory in
                Glibc.send(
                    descriptor,
                    memory.baseAddress.map { $0 + sent },
                    memory.count - sent,
                    Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT)
                )
            }
            if count > 0 {
                sent += count
            } else if errno == EAGAIN {
                var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                _ = poll(&entry, 1, 100)
            } else if errno != EINTR {
                isBroken = true
                break
            }
        }
        return sent
    }

    /// Sends a text with a line break.
    ///
    /// - Parameter text: The line.
    package func send(line text: String) {
        send(Array(text.utf8) + [0x0A])
    }

    /// Says that nothing more will be sent.
    package func finishSending() {
        shutdown(descriptor, Int32(SHUT_WR))
    }

    /// Receives what is there by a deadline.
    ///
    /// - Returns: False when nothing came, or the other end has closed.
    private func receive(until deadline: Double) -> Bool {
        let left = deadline - HarnessClock.seconds
        guard left > 0, !isEnded else { return false }
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&entry, 1, Int32(left * 1000) + 1) > 0 else { return false }
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
        if count > 0 {
            received.append(contentsOf: buffer.prefix(count))
            return true
        }
        if count == 0 || (errno != EAGAIN && errno != EINTR) { isEnded = true }
        return !isEnded
    }

    /// The next line.
    ///
    /// - Parameter seconds: How long to wait.
    /// - Returns: The line without its break; nil when none came.
    package func line(within seconds: Double = 5) -> String? {
        let deadline = HarnessClock.seconds + seconds
        while true {
            if let end = received.firstIndex(of: 0x0A) {
                let line = String(decoding: received[..<end], as: UTF8.self)
                received.removeSubrange(...end)
                return line
            }
            guard receive(until: deadline) else { return nil }
        }
    }

    /// The next line as JSON.
    ///
    /// - Parameter seconds: How long to wait.
    /// - Returns: The object.
    /// - Throws: `HarnessError` when none came.
    package func answer(within seconds: Double = 5) throws -> JSONValue {
        guard let line = line(within: seconds) else {
            throw HarnessError(isEnded ? "the connection has ended" : "no answer in \(seconds) s")
        }
        return try JSONValue(parsing: line)
    }

    /// Sends a line and waits for the next one.
    ///
    /// - Parameter text: What to send.
    /// - Returns: The answer.
    /// - Throws: `HarnessError` when none comes.
    package func ask(_ text: String) throws -> JSONValue {
        send(line: text)
        return try answer()
    }

    /// Everything until the other end closes.
    ///
    /// - Parameter seconds: How long to wait.
    /// - Returns: The bytes.
    /// - Throws: `HarnessError` when it does not close.
    package func rest(within seconds: Double = 5) throws -> [UInt8] {
        let deadline = HarnessClock.seconds + seconds
        while !isEnded {
            if HarnessClock.seconds > deadline {
                throw HarnessError("the other end does not close the connection")
            }
            _ = receive(until: deadline)
        }
        defer { received = [] }
        return received
    }
}
