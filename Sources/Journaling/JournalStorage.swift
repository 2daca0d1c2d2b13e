/// The door to the disk: one directory of files.
///
/// Why: a test can put a simulated disk behind it, which loses, tears and refuses on command. The
/// calls are at the granularity of blocks, so that an existential costs nothing that counts.
public protocol JournalStorage: Sendable {
    /// Takes the directory for this opener alone, until the returned object is released.
    ///
    /// - Returns: The lock.
    /// - Throws: `JournalError.locked` when somebody else has it.
    func lock() throws(JournalError) -> any JournalLock

    /// The names of all files, in no particular order.
    ///
    /// - Returns: The names, without the directory.
    /// - Throws: `JournalError.disk`.
    func names() throws(JournalError) -> [String]

    /// Creates a file for reading and writing; an existing one is emptied.
    ///
    /// - Parameter name: The file's name in the directory.
    /// - Returns: The open file.
    /// - Throws: `JournalError.disk`.
    func create(_ name: String) throws(JournalError) -> any JournalFile

    /// Opens an existing file for reading and writing.
    ///
    /// - Parameter name: The file's name in the directory.
    /// - Returns: The open file.
    /// - Throws: `JournalError.disk`.
    func open(_ name: String) throws(JournalError) -> any JournalFile

    /// Renames a file, replacing one that has the new name.
    ///
    /// - Parameters:
    ///   - name: The name so far.
    ///   - newName: The name from now on.
    /// - Throws: `JournalError.disk`.
    func rename(_ name: String, to newName: String) throws(JournalError)

    /// Removes a file; whoever has it open can still read it.
    ///
    /// - Parameter name: The file's name in the directory.
    /// - Throws: `JournalError.disk`.
    func remove(_ name: String) throws(JournalError)

    /// Makes creations, renames and removals durable.
    ///
    /// - Throws: `JournalError.disk`.
    func syncDirectory() throws(JournalError)
}

/// A directory that is taken; letting go of the object gives it back.
public protocol JournalLock: AnyObject, Sendable {}

/// An open file; letting go of the object closes it.
///
/// Reads and writes at different offsets may happen at the same time on different threads.
public protocol JournalFile: AnyObject, Sendable {
    /// Reserves space from the file's beginning, so that a later write does not fail for lack of
    /// it.
    ///
    /// - Parameter bytes: How many; what was not written before reads as zeros.
    /// - Throws: `JournalError.disk`.
    func reserve(_ bytes: UInt64) throws(JournalError)

    /// Writes all the bytes; after an error any part of them may have been written.
    ///
    /// - Parameters:
    ///   - bytes: What to write.
    ///   - offset: Where in the file.
    /// - Throws: `JournalError.disk`.
    func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(JournalError)

    /// Reads until the buffer is full or the file ends.
    ///
    /// - Parameters:
    ///   - buffer: Where the bytes go.
    ///   - offset: Where in the file.
    /// - Returns: How many bytes were read; fewer than asked only at the file's end.
    /// - Throws: `JournalError.disk`.
    func read(
        into buffer: UnsafeMutableRawBufferPointer,
        at offset: UInt64
    ) throws(JournalError) -> Int

    /// Makes durable what was written before the call; after an error nothing is known of it.
    ///
    /// - Throws: `JournalError.disk`.
    func synchronize() throws(JournalError)
}
