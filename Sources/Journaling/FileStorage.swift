import CLinux
import Glibc
import Quantities

/// The real disk: a directory of the file system.
public final class FileStorage: JournalStorage {
    /// The directory's path.
    public let directory: String
    private let descriptor: Int32

    /// Opens the directory, and creates it (its parent must be there) if it does not exist.
    ///
    /// - Parameter directory: The directory's path.
    /// - Throws: `JournalError.disk`.
    public init(directory: String) throws(JournalError) {
        if mkdir(directory, 0o750) == 0 {
            try FileStorage.syncParent(of: directory)
        } else if errno != EEXIST {
            throw .disk(operation: .openDirectory, file: directory, code: errno)
        }
        self.descriptor = try FileStorage.openDirectory(directory)
        self.directory = directory
    }

    deinit {
        close(descriptor)
    }

    /// Takes the directory by `flock` on its file `LOCK`; the kernel gives it back at our death.
    ///
    /// - Returns: The lock.
    /// - Throws: `JournalError.locked` when somebody else has it, or `.disk`.
    public func lock() throws(JournalError) -> any JournalLock {
        let file = try openFile("LOCK", flags: O_RDWR | O_CREAT, operation: .lock)
        while flock(file.descriptor, LOCK_EX | LOCK_NB) != 0 {
            if errno == EINTR { continue }
            if errno == EWOULDBLOCK { throw .locked(directory: directory) }
            throw .disk(operation: .lock, file: path("LOCK"), code: errno)
        }
        return file
    }

    /// The names of all files in the directory.
    ///
    /// - Returns: The names, without the directory.
    /// - Throws: `JournalError.disk`.
    public func names() throws(JournalError) -> [String] {
        guard let stream = opendir(directory) else {
            throw .disk(operation: .list, file: directory, code: errno)
        }
        defer { closedir(stream) }
        var names: [String] = []
        while true {
            errno = 0
            guard let entry = readdir(stream) else {
                if errno == 0 { return names }
                throw .disk(operation: .list, file: directory, code: errno)
            }
            let name = withUnsafePointer(to: &entry.pointee.d_name) { field in
                String(cString: UnsafeRawPointer(field).assumingMemoryBound(to: CChar.self))
            }
            if name != ".", name != ".." { names.append(name) }
        }
    }

    /// Creates a file for reading and writing; an existing one is emptied.
    ///
    /// - Parameter name: The file's name in the directory.
    /// - Returns: The open file.
    /// - Throws: `JournalError.disk`.
    public func create(_ name: String) throws(JournalError) -> any JournalFile {
        try openFile(name, flags: O_RDWR | O_CREAT | O_TRUNC, operation: .create)
    }

    /// Opens an existing file for reading and writing.
    ///
    /// - Parameter name: The file's name in the directory.
    /// - Returns: The open file.
    /// - Throws: `JournalError.disk`.
    public func open(_ name: String) throws(JournalError) -> any JournalFile {
        try openFile(name, flags: O_RDWR, operation: .open)
    }

    /// Renames a file, replacing one that has the new name.
    ///
    /// - Parameters:
    ///   - name: The name so far.
    ///   - newName: The name from now on.
    /// - Throws: `JournalError.disk`.
    public func rename(_ name: String, to newName: String) throws(JournalError) {
        guard renameat(descriptor, name, descriptor, newName) == 0 else {
            throw .disk(operation: .rename, file: path(name), code: errno)
        }
    }

    /// Removes a file; whoever has it open can still read it.
    ///
    /// - Parameter name: The file's name in the directory.
    /// - Throws: `JournalError.disk`.
    public func remove(_ name: String) throws(JournalError) {
        guard unlinkat(descriptor, name, 0) == 0 else {
            throw .disk(operation: .remove, file: path(name), code: errno)
        }
    }

    /// Makes creations, renames and removals durable.
    ///
    /// - Throws: `JournalError.disk`.
    public func syncDirectory() throws(JournalError) {
        guard fsync(descriptor) == 0 else {
            throw .disk(operation: .syncDirectory, file: directory, code: errno)
        }
    }

    private func path(_ name: String) -> String { directory + "/" + name }

    private func openFile(
        _ name: String,
        flags: Int32,
        operation: DiskOperation
    ) throws(JournalError) -> OpenFile {
        while true {
            let opened = openat(descriptor, name, flags | O_CLOEXEC, 0o640)
            if opened >= 0 { return OpenFile(descriptor: opened, path: path(name)) }
            if errno != EINTR {
                throw .disk(operation: operation, file: path(name), code: errno)
            }
        }
    }

    private static func openDirectory(_ path: String) throws(JournalError) -> Int32 {
        let opened = Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if opened < 0 { throw .disk(operation: .openDirectory, file: path, code: errno) }
        return opened
    }

    private static func syncParent(of directory: String) throws(JournalError) {
        let parent = try openDirectory(directory + "/..")
        defer { close(parent) }
        if fsync(parent) != 0 {
            throw .disk(operation: .syncDirectory, file: directory, code: errno)
        }
    }
}

/// An open descriptor, closed with the object's end.
private final class OpenFile: JournalFile, JournalLock {
    let descriptor: Int32
    let path: String

    init(descriptor: Int32, path: String) {
        self.descriptor = descriptor
        self.path = path
    }

    deinit {
        close(descriptor)
    }

    func reserve(_ bytes: UInt64) throws(JournalError) {
        while true {
            let code = meterd_reserve(descriptor, 0, Int64(bytes))
            if code == 0 { return }
            if code != EINTR { throw .disk(operation: .reserve, file: path, code: code) }
        }
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(JournalError) {
        var rest = bytes
        var place = Int(offset)
        while let start = rest.baseAddress, !rest.isEmpty {
            let count = pwrite(descriptor, start, rest.count, place)
            if count < 0 {
                if errno == EINTR { continue }
                throw .disk(operation: .write, file: path, code: errno)
            }
            // No progress and no error would loop for ever; a full disk is what it means.
            if count == 0 { throw .disk(operation: .write, file: path, code: ENOSPC) }
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            place += count
        }
    }

    func read(
        into buffer: UnsafeMutableRawBufferPointer,
        at offset: UInt64
    ) throws(JournalError) -> Int {
        var done = 0
        while done < buffer.count, let start = buffer.baseAddress {
            let count = pread(descriptor, start + done, buffer.count - done, Int(offset) + done)
            if count == 0 { return done }
            if count < 0 {
                if errno == EINTR { continue }
                throw .disk(operation: .read, file: path, code: errno)
            }
            done += count
        }
        return done
    }

    func synchronize() throws(JournalError) {
        // Not repeated after EINTR or any other error: what a second call says about pages that
        // the first one failed to write is not to be believed.
        guard fdatasync(descriptor) == 0 else {
            throw .disk(operation: .sync, file: path, code: errno)
        }
    }
}
