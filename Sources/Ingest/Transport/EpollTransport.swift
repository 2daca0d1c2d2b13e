import CLinux
import Quantities

#if canImport(Glibc)
import Glibc
#endif

/// The real sockets, waited for with epoll.
final class EpollTransport: Transport {
    private let poll: Int32
    private var listener: Int32
    private let found: UnsafeMutableBufferPointer<epoll_event>

    private static let signal = UInt64.max - 1

    /// Makes a transport; the listener, if it is not below 0, stays the caller's to close.
    init(signal: LoopSignal, listener: Int32) {
        self.listener = listener
        found = .allocate(capacity: IngestLoop.eventsPerTurn)
        poll = epoll_create1(Int32(EPOLL_CLOEXEC))
        invariant(poll >= 0, "the system gives an epoll descriptor")
        register(signal.fd, EpollTransport.signal)
        if listener >= 0 { register(listener, TransportEvent.listener) }
    }

    deinit {
        found.deallocate()
        Glibc.close(poll)
    }

    private func register(_ fd: Int32, _ token: UInt64) {
        var event = epoll_event(events: EPOLLIN.rawValue, data: epoll_data_t(u64: token))
        let result = epoll_ctl(poll, Int32(EPOLL_CTL_ADD), fd, &event)
        invariant(result == 0, "an open descriptor can be waited for")
    }

    func wait(
        milliseconds: Int32,
        looks: Int32,
        into events: UnsafeMutableBufferPointer<TransportEvent>
    ) -> Int {
        let most = Int32(min(events.count, found.count))
        var count: Int32 = 0
        if milliseconds != 0 {
            for _ in 0..<looks where count == 0 {
                count = epoll_wait(poll, found.baseAddress, most, 0)
                // Whoever would ask may be waiting for this processor.
                if count == 0 { sched_yield() }
            }
        }
        if count == 0 { count = epoll_wait(poll, found.baseAddress, most, milliseconds) }
        let readable = EPOLLIN.rawValue | EPOLLHUP.rawValue | EPOLLERR.rawValue
        var kept = 0
        for index in 0..<Int(max(count, 0)) {
            let event = found[index]
            // The signal has only to end the wait; the loop takes it back itself.
            guard event.data.u64 != EpollTransport.signal else { continue }
            events[kept] = TransportEvent(
                token: event.data.u64,
                isReadable: event.events & readable != 0,
                isWritable: event.events & EPOLLOUT.rawValue != 0
            )
            kept += 1
        }
        return kept
    }

    func accept() -> Int32 {
        meterd_accept(listener)
    }

    func setAccepting(_ isAccepting: Bool) {
        guard listener >= 0 else { return }
        let bits = isAccepting ? EPOLLIN.rawValue : 0
        var event = epoll_event(events: bits, data: epoll_data_t(u64: TransportEvent.listener))
        epoll_ctl(poll, Int32(EPOLL_CTL_MOD), listener, &event)
    }

    func stopAccepting() {
        guard listener >= 0 else { return }
        epoll_ctl(poll, Int32(EPOLL_CTL_DEL), listener, nil)
        listener = -1
    }

    func objection(to socket: Int32, under policy: PeerPolicy) -> String? {
        policy.objection(to: socket)
    }

    func watch(_ socket: Int32, token: UInt64, for interest: TransportInterest, isKnown: Bool) {
        var bits: UInt32 = 0
        if interest.contains(.reading) { bits |= EPOLLIN.rawValue }
        if interest.contains(.writing) { bits |= EPOLLOUT.rawValue }
        var event = epoll_event(events: bits, data: epoll_data_t(u64: token))
        epoll_ctl(poll, Int32(isKnown ? EPOLL_CTL_MOD : EPOLL_CTL_ADD), socket, &event)
    }

    func unwatch(_ socket: Int32) {
        epoll_ctl(poll, Int32(EPOLL_CTL_DEL), socket, nil)
    }

    func receive(_ socket: Int32, into buffer: UnsafeMutableRawBufferPointer) -> Receipt {
        let count = recv(socket, buffer.baseAddress, buffer.count, Int32(MSG_DONTWAIT))
        if count > 0 { return .bytes(count) }
        if count == 0 { return .end }
        return errno == EAGAIN || errno == EINTR ? .nothing : .broken
    }

    func send(_ bytes: UnsafeRawBufferPointer, to socket: Int32) -> Int? {
        let flags = Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT)
        while true {
            let count = Glibc.send(socket, bytes.baseAddress, bytes.count, flags)
            if count >= 0 { return count }
            if errno == EAGAIN { return 0 }
            guard errno == EINTR else { return nil }
        }
    }

    func close(_ socket: Int32, isOrderly: Bool) {
        if isOrderly { shutdown(socket, Int32(SHUT_RDWR)) }
        Glibc.close(socket)
    }
}
