import CLinux
import Synchronization

#if canImport(Glibc)
import Glibc
#endif

/// Who may connect, by the credentials that the kernel tells of the other process.
public struct PeerPolicy: Sendable, Hashable {
    /// User numbers that may connect, besides root and the daemon's own.
    public var users: Set<UInt32> = []
    /// Group numbers whose members may connect.
    public var groups: Set<UInt32> = []

    /// Only root and the daemon's own user.
    public init() {}

    /// Why a peer may not connect; nil when it may.
    ///
    /// Supplementary groups are read from the group database, as the kernel tells only the first
    /// one.
    ///
    /// - Parameter fd: The connected socket.
    /// - Returns: The reason, or nil.
    func objection(to fd: Int32) -> String? {
        var pid: UInt32 = 0
        var uid: UInt32 = 0
        var gid: UInt32 = 0
        let failure = meterd_peer_credentials(fd, &pid, &uid, &gid)
        guard failure == 0 else { return "the peer's credentials cannot be read" }
        if uid == 0 || uid == geteuid() || users.contains(uid) || groups.contains(gid) {
            return nil
        }
        if !groups.isEmpty, memberships(of: uid, primary: gid).contains(where: groups.contains) {
            return nil
        }
        return "user \(uid) (group \(gid)) is not among data_socket.allow_users or allow_groups"
    }

    private func memberships(of uid: UInt32, primary: UInt32) -> [UInt32] {
        // The user database hands out one buffer for all threads.
        PeerPolicy.database.withLock { _ in
            guard let entry = getpwuid(uid) else { return [] }
            var count: Int32 = 256
            var found = [gid_t](repeating: 0, count: Int(count))
            guard getgrouplist(entry.pointee.pw_name, primary, &found, &count) >= 0 else {
                return []
            }
            return Array(found.prefix(Int(count)))
        }
    }

    private static let database = Mutex<Void>(())
}
