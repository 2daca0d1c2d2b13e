import Glibc

/// The control socket's file: who may open it, and whose it is when it is found lying there.
struct ControlSocket: Sendable {
    let path: String
    let mode: UInt32
    let owner: gid_t?

    /// The file that was made, to recognise it again.
    struct Identity: Sendable, Hashable {
        let device: dev_t
        let inode: ino_t
    }

    /// Checks path and group.
    init(path: String, mode: UInt32, group: String) throws(ControlError) {
        // sun_path has 108 bytes on Linux and ends with a zero.
        let limit = MemoryLayout.size(ofValue: sockaddr_un().sun_path) - 1
        guard path.utf8.count <= limit, !path.isEmpty else {
            throw .pathTooLong(path: path, limit: limit)
        }
        self.path = path
        self.mode = mode
        self.owner = try ControlSocket.groupNumber(group)
    }

    /// Removes a socket on which nobody listens any more; leaves everything else alone.
    func removeStale() throws(ControlError) {
        var status = stat()
        guard lstat(path, &status) == 0 else {
            if errno == ENOENT { return }
            throw .system(call: "lstat", path: path, errno: errno)
        }
        guard status.st_mode & S_IFMT == S_IFSOCK else { throw .notASocket(path: path) }
        guard try !somebodyListens() else { throw .socketInUse(path: path) }
        guard unlink(path) == 0 || errno == ENOENT else {
            throw .system(call: "unlink", path: path, errno: errno)
        }
    }

    /// Gives the fresh socket its group and mode, group first: the mode may only widen access
    /// once the right group owns it.
    func protect() throws(ControlError) -> Identity {
        if let owner, chown(path, uid_t.max, owner) != 0 {
            throw .system(call: "chown", path: path, errno: errno)
        }
        guard chmod(path, mode) == 0 else {
            throw .system(call: "chmod", path: path, errno: errno)
        }
        var status = stat()
        guard lstat(path, &status) == 0 else {
            throw .system(call: "lstat", path: path, errno: errno)
        }
        return Identity(device: status.st_dev, inode: status.st_ino)
    }

    /// Removes the socket at the end, unless another process has put its own in place.
    func remove(_ identity: Identity) {
        var status = stat()
        guard lstat(path, &status) == 0,
            Identity(device: status.st_dev, inode: status.st_ino) == identity
        else { return }
        unlink(path)
    }

    /// Whether a connection is taken: a socket file outlives its process, a listener does not.
    private func somebodyListens() throws(ControlError) -> Bool {
        let descriptor = socket(
            AF_UNIX,
            Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue),
            0
        )
        guard descriptor >= 0 else { throw .system(call: "socket", path: path, errno: errno) }
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        if result == 0 { return true }
        switch errno {
        case ECONNREFUSED, ENOENT: return false
        // A full backlog, or no permission: somebody is there.
        case EAGAIN, EACCES, EPERM: return true
        default: throw .system(call: "connect", path: path, errno: errno)
        }
    }

    private static func groupNumber(_ name: String) throws(ControlError) -> gid_t? {
        if name.isEmpty { return nil }
        if let number = gid_t(name) { return number }
        var entry = group()
        var found: UnsafeMutablePointer<group>?
        var buffer = [CChar](repeating: 0, count: 16 * 1024)
        let result = getgrnam_r(name, &entry, &buffer, buffer.count, &found)
        guard result == 0, found != nil else { throw .unknownGroup(name: name) }
        return entry.gr_gid
    }
}
