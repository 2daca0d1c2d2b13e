import Dispatch
import Glibc
import Synchronization

/// A Unix socket before PostgreSQL's, which cuts the daemon's connections at chosen moments.
///
/// It forwards bytes both ways, on a thread for each connection, and looks for the message that
/// libpq sends for the statement `COMMIT`.
///
/// Queue:       one for the listener, one for each connection; the choice is behind a lock.
final class CommitCutter: Sendable {
    /// Where a connection is cut that has just sent a COMMIT.
    enum Moment: CaseIterable, Sendable {
        /// The COMMIT does not reach the server.
        case before
        /// The COMMIT is sent, and the connection ends at once: its outcome is open.
        case after
        /// The server has answered, and the answer is lost.
        case afterAnswer
    }

    /// What has happened to COMMITs so far.
    struct Counts: Sendable {
        var commits = 0
        var cut: [Moment: Int] = [:]
        /// How many of those whose answer was lost turned out to be done, by the checkpoint.
        var done: [Moment: Int] = [:]
        var otherCuts = 0
    }

    /// The folder to give to libpq as `host`.
    let directory: String
    private let listener: Int32
    private let target: String
    private let conninfo: String
    private let state = Mutex(State())

    private struct State: Sendable {
        var next: Moment?
        var counts = Counts()
        var connections: Set<Int32> = []
    }

    /// Opens the socket.
    ///
    /// - Parameter conninfo: Where the server itself is.
    /// - Throws: `CampaignFault` when it does not answer, or there is no room for a socket.
    init(_ conninfo: String) throws(CampaignFault) {
        target = try Database(conninfo).serverSocket
        self.conninfo = conninfo
        var template = Array("/tmp/meterd-cutter-XXXXXX".utf8CString)
        let made = template.withUnsafeMutableBufferPointer { buffer in
            buffer.baseAddress.flatMap { mkdtemp($0) }.map { String(cString: $0) }
        }
        guard let made else { throw CampaignFault("no folder for the cutting socket") }
        directory = made
        listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = CommitCutter.address(directory + "/.s.PGSQL.5432")
        let bound = CommitCutter.call(&address) { bind(listener, $0, $1) }
        guard bound == 0, listen(listener, 16) == 0 else {
            throw CampaignFault("the cutting socket cannot be opened: errno \(errno)")
        }
        DispatchQueue(label: "crash.cutter").async { self.serveAll() }
    }

    /// Cuts the next batch's COMMIT at this moment.
    func cutNextCommit(_ moment: Moment) {
        state.withLock { $0.next = moment }
    }

    /// Whether the cut that was asked for has not happened yet.
    var isWaiting: Bool { state.withLock { $0.next != nil } }

    /// Takes back what was asked for.
    func spare() {
        state.withLock { $0.next = nil }
    }

    /// Whether anybody is connected.
    var isConnected: Bool { state.withLock { !$0.connections.isEmpty } }

    /// Cuts all connections now.
    func cutAll() {
        // Under the lock, as a descriptor that has left the set may be another's by now.
        state.withLock { state in
            state.counts.otherCuts += state.connections.isEmpty ? 0 : 1
            for descriptor in state.connections { shutdown(descriptor, Int32(SHUT_RDWR)) }
        }
    }

    var counts: Counts { state.withLock { $0.counts } }

    /// Closes the socket and all connections.
    func stop() {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
        cutAll()
        unlink(directory + "/.s.PGSQL.5432")
        rmdir(directory)
    }

    private func serveAll() {
        while true {
            let client = Glibc.accept(listener, nil, nil)
            if client < 0 { return }
            DispatchQueue(label: "crash.cutter.connection").async { self.serve(client) }
        }
    }

    private func serve(_ client: Int32) {
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let server = socket(AF_UNIX, type, 0)
        var address = CommitCutter.address(target)
        _ = state.withLock { $0.connections.insert(client) }
        if CommitCutter.call(&address, { connect(server, $0, $1) }) == 0 {
            forward(client, server)
        }
        _ = state.withLock { $0.connections.remove(client) }
        close(client)
        close(server)
    }

    private func forward(_ client: Int32, _ server: Int32) {
        var hasCopied = false
        var buffer = [UInt8](repeating: 0, count: 1 << 18)
        while true {
            var waiting = [
                pollfd(fd: client, events: Int16(POLLIN), revents: 0),
                pollfd(fd: server, events: Int16(POLLIN), revents: 0),
            ]
            guard poll(&waiting, 2, -1) > 0 else { return }
            if waiting[0].revents != 0 {
                let count = read(client, &buffer, buffer.count)
                guard count > 0 else { return }
                let bytes = buffer[0..<count]
                if CommitCutter.holdsCommit(bytes), hasCopied {
                    hasCopied = false
                    if let moment = chosen() {
                        return cut(moment, bytes, client, server)
                    }
                }
                guard CommitCutter.send(bytes, to: server) else { return }
            }
            if waiting[1].revents != 0 {
                let count = read(server, &buffer, buffer.count)
                guard count > 0 else { return }
                // 'G' is the server's readiness for a COPY: this transaction is a batch.
                if buffer[0] == UInt8(ascii: "G") { hasCopied = true }
                guard CommitCutter.send(buffer[0..<count], to: client) else { return }
            }
        }
    }

    private func chosen() -> Moment? {
        state.withLock { state in
            state.counts.commits += 1
            return state.next
        }
    }

    /// Cuts, and learns from the checkpoint whether the COMMIT was done all the same.
    ///
    /// The daemon reconnects through here, so that it cannot be faster than the question: it waits
    /// for its own retry time at least.
    private func cut(
        _ moment: Moment,
        _ commit: ArraySlice<UInt8>,
        _ client: Int32,
        _ server: Int32
    ) {
        let before = checkpoint()
        if moment != .before { _ = CommitCutter.send(commit, to: server) }
        if moment == .afterAnswer {
            var answer = [UInt8](repeating: 0, count: 4096)
            _ = read(server, &answer, answer.count)
        }
        shutdown(server, Int32(SHUT_RDWR))
        shutdown(client, Int32(SHUT_RDWR))
        var isDone = false
        for _ in 0..<10 where !isDone {
            usleep(20_000)
            isDone = before != nil && checkpoint() != before
        }
        state.withLock { state in
            state.next = nil
            state.counts.cut[moment, default: 0] += 1
            state.counts.done[moment, default: 0] += isDone ? 1 : 0
        }
    }

    private func checkpoint() -> UInt64? {
        do throws(CampaignFault) {
            return try Database(conninfo).number("SELECT sum(position) FROM checkpoint")
        } catch {
            return nil
        }
    }
}

// MARK: - Sockets

extension CommitCutter {
    /// 'Q', the length 11, "COMMIT" and its end; the client waits for the answer, so it comes
    /// alone.
    private static func holdsCommit(_ bytes: ArraySlice<UInt8>) -> Bool {
        bytes.elementsEqual([0x51, 0, 0, 0, 11] + Array("COMMIT".utf8) + [0])
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

    private static func call(
        _ address: inout sockaddr_un,
        _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32 {
        withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }

    private static func send(_ bytes: ArraySlice<UInt8>, to file: Int32) -> Bool {
        var sent = 0
        return bytes.withUnsafeBytes { memory in
            while sent < memory.count {
                let rest = memory.count - sent
                let start = memory.baseAddress.map { $0 + sent }
                let count = Glibc.send(file, start, rest, Int32(MSG_NOSIGNAL))
                if count <= 0 { return false }
                sent += count
            }
            return true
        }
    }
}
