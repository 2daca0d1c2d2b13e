import Glibc
import Testing

@testable import meterd

/// Goal: the service manager hears what it is told, word for word.
///
/// Method: a datagram socket of our own stands in for it.
@Suite struct NotifyTests {
    @Test(arguments: [
        (Systemd.Notification.ready, "READY=1"),
        (.stopping, "STOPPING=1"),
        (.watchdog, "WATCHDOG=1"),
        (.watchdogTrigger, "WATCHDOG=trigger"),
        (.status("Ready."), "STATUS=Ready."),
        (.extendTimeout(microseconds: 30_000_000), "EXTEND_TIMEOUT_USEC=30000000"),
        (.reloading(monotonicMicroseconds: 77), "RELOADING=1\nMONOTONIC_USEC=77"),
    ])
    func `a notification is written as sd_notify has it`(
        notification: Systemd.Notification,
        text: String
    ) {
        #expect(notification.text == text)
    }

    @Test(arguments: ["a\nREADY=1", "a\rREADY=1", "a\r\nREADY=1"])
    func `a status cannot smuggle in another assignment`(line: String) {
        #expect(Systemd.Notification.status(line).text == "STATUS=a READY=1")
    }

    @Test func `an address is a path or an abstract name`() throws {
        let path = try #require(NotifyAddress("/run/systemd/notify"))
        #expect(path.path == Array("/run/systemd/notify".utf8) + [0])
        let abstract = try #require(NotifyAddress("@notify"))
        #expect(abstract.path == [0] + Array("notify".utf8))
    }

    @Test(arguments: ["", "/", "@", "run/notify", "vsock:2:1234", "vsock-stream:2:1"])
    func `what is no address of a Unix socket is none`(text: String) {
        #expect(NotifyAddress(text) == nil)
    }

    @Test func `an address is as long as the kernel takes it and no longer`() {
        let path = "/" + String(repeating: "a", count: NotifyAddress.capacity - 2)
        #expect(NotifyAddress(path) != nil)
        #expect(NotifyAddress(path + "a") == nil)
        let abstract = "@" + String(repeating: "a", count: NotifyAddress.capacity - 1)
        #expect(NotifyAddress(abstract) != nil)
        #expect(NotifyAddress(abstract + "a") == nil)
    }

    @Test(arguments: [false, true])
    func `several notifications arrive in one datagram`(isAbstract: Bool) throws {
        let manager = try Manager(isAbstract: isAbstract)
        let systemd = Systemd(environment: ["NOTIFY_SOCKET": manager.name], processID: getpid())
        #expect(systemd.send(.ready, .status("Ready.")) == 0)
        #expect(manager.receive() == "READY=1\nSTATUS=Ready.")
        #expect(manager.receive() == nil)
    }

    @Test func `nothing to tell is not sent`() throws {
        let manager = try Manager(isAbstract: true)
        let systemd = Systemd(environment: ["NOTIFY_SOCKET": manager.name], processID: getpid())
        let nothing: [Systemd.Notification] = []
        #expect(nothing.isEmpty && systemd.send() == 0)
        #expect(manager.receive() == nil)
    }

    @Test func `a manager that has gone is told of, and harms nobody`() throws {
        var manager: Manager? = try Manager(isAbstract: false)
        let name = try #require(manager?.name)
        manager = nil
        let systemd = Systemd(environment: ["NOTIFY_SOCKET": name], processID: getpid())
        #expect(systemd.send(.watchdog) == ENOENT)
    }

    @Test func `children do not inherit the sockets`() throws {
        var ends: [Int32] = [-1, -1]
        try #require(pipe(&ends) == 0)
        defer { for end in ends { close(end) } }
        let systemd = Systemd(
            notifySocket: nil,
            watchdogMicroseconds: nil,
            listeners: ["data": [ends[0]]],
            credentialsDirectory: nil
        )
        systemd.closeListenersOnExec()
        #expect(fcntl(ends[0], F_GETFD) == FD_CLOEXEC)
        #expect(fcntl(ends[1], F_GETFD) == 0)
    }
}

/// A datagram socket where systemd's would be.
private final class Manager {
    let name: String
    private let descriptor: Int32
    private let path: String?

    struct Failed: Error {
        let code: Int32
    }

    init(isAbstract: Bool) throws {
        let unique = "meterd-notify-\(getpid())-\(UInt64.random(in: 0...UInt64.max))"
        name = isAbstract ? "@" + unique : "/tmp/" + unique
        path = isAbstract ? nil : name
        let address = try #require(NotifyAddress(name))
        let type = Int32(SOCK_DGRAM.rawValue | SOCK_NONBLOCK.rawValue)
        descriptor = socket(AF_UNIX, type, 0)
        var raw = sockaddr_un()
        raw.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &raw.sun_path) { $0.copyBytes(from: address.path) }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + address.path.count)
        let bound = withUnsafePointer(to: &raw) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length)
            }
        }
        guard bound == 0 else { throw Failed(code: errno) }
    }

    deinit {
        close(descriptor)
        if let path { unlink(path) }
    }

    /// The next datagram, or nil when there is none.
    func receive() -> String? {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        guard count >= 0 else { return nil }
        return String(decoding: buffer.prefix(count), as: UTF8.self)
    }
}
