import Glibc

/// Why the journal could not do what it was asked; each case says when it happens.
public enum JournalError: Error, Sendable, Hashable {
    /// The sizes do not fit each other; only when a journal is opened.
    case settings(problem: String)
    /// Another process has the directory; only when a journal is opened.
    case locked(directory: String)
    /// The disk or the file system refused; the same call may be repeated and goes on where it was.
    case disk(operation: DiskOperation, file: String, code: Int32)
    /// The memory for unsynced blocks is full; over once a sync has succeeded.
    case behind(unsyncedBytes: UInt64)
    /// The journal has all the disk space that it may have; over once segments were retired.
    case full(bytesOnDisk: UInt64)
    /// Bytes that were acknowledged as durable are damaged or gone.
    case corrupted(segment: String, position: UInt64)
    /// A segment file between others is not there, or the last one was lost with what it held.
    case missingSegment(position: UInt64)
    /// The segment was written by a version that this one does not know.
    case unknownFormat(segment: String, version: UInt32)
    /// A reader asked for a position whose segment has been removed.
    case retired(position: UInt64, oldest: UInt64)
    /// A reader began at a position where no block begins.
    case noBlock(position: UInt64)

    /// Whether the same call may succeed later without anybody changing the files.
    public var isTransient: Bool {
        switch self {
        case .behind, .full: true
        case .disk(_, _, let code): JournalError.transientCodes.contains(code)
        case .settings, .locked, .corrupted, .missingSegment, .unknownFormat, .retired, .noBlock:
            false
        }
    }

    // EIO too: nothing is lost by a retry, because unsynced blocks are written again from memory.
    private static let transientCodes: [Int32] = [
        EIO, ENOSPC, EDQUOT, EINTR, EAGAIN, EBUSY, ENOMEM, EMFILE, ENFILE, ETIMEDOUT, ENOLINK,
    ]
}

/// What was asked of the disk.
public enum DiskOperation: String, Sendable, Hashable, CaseIterable {
    /// Opening the directory.
    case openDirectory = "open the directory"
    /// Taking the lock.
    case lock = "lock"
    /// Listing the directory.
    case list = "list"
    /// Creating a file.
    case create = "create"
    /// Opening a file.
    case open = "open"
    /// Reserving a file's space.
    case reserve = "reserve space for"
    /// Reading from a file.
    case read = "read"
    /// Writing to a file.
    case write = "write"
    /// Making a file durable.
    case sync = "sync"
    /// Renaming a file.
    case rename = "rename"
    /// Removing a file.
    case remove = "remove"
    /// Making the directory's entries durable.
    case syncDirectory = "sync the directory of"
}

extension JournalError: CustomStringConvertible {
    /// What happened, and the next step for an operator.
    public var description: String {
        switch self {
        case .settings(let problem):
            "The journal's settings do not fit: \(problem) Correct them and start again."
        case .locked(let directory):
            "Another process has locked the journal \(directory). Stop it, or give this one a "
                + "directory of its own."
        case .disk(let operation, let file, let code):
            "Could not \(operation.rawValue) \(file): \(String(cString: strerror(code))). "
                + JournalError.nextStep(after: code)
        case .behind(let bytes):
            "\(bytes) bytes wait to be synced, as many as are allowed. Nothing is lost; look at "
                + "the disk's latency if this lasts."
        case .full(let bytes):
            "The journal takes \(bytes) bytes, as much as it may. Bring the database back so that "
                + "segments can be retired, or raise the bound."
        case .corrupted(let segment, let position):
            "Acknowledged data is damaged in segment \(segment) at position \(position). Keep the "
                + "directory as it is, check the disk, and restore that segment from a copy."
        case .missingSegment(let position):
            "The segment with position \(position) is missing. Restore it from a copy; do not "
                + "remove others."
        case .unknownFormat(let segment, let version):
            "Segment \(segment) has format version \(version), which this program does not know. "
                + "Use the program that wrote it, or a newer one."
        case .retired(let position, let oldest):
            "Position \(position) was retired; the oldest that is left is \(oldest). Restore the "
                + "database that belongs to this journal."
        case .noBlock(let position):
            "No block begins at position \(position). Check that the database and the journal "
                + "belong together."
        }
    }

    private static func nextStep(after code: Int32) -> String {
        switch code {
        case ENOSPC, EDQUOT: "Nothing is lost; free disk space, and it goes on by itself."
        case EIO: "Nothing is lost; check the disk, it is tried again."
        case EACCES, EPERM: "Give the service's user read and write access to the directory."
        case EROFS: "Mount the file system writable and start again."
        default: "Check the disk and the file system."
        }
    }
}
