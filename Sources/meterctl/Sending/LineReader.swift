import Foundation

/// Reads lines from a file or from standard input, a block at a time.
struct LineReader: ~Copyable {
    /// How many bytes of lines were given out.
    private(set) var doneBytes: UInt64 = 0
    /// The file's size; nil for a pipe.
    let totalBytes: UInt64?
    /// The number of the last line, from 1.
    private(set) var number = 0
    /// The name for messages.
    let name: String

    private let descriptor: Int32
    private var block: [UInt8] = []
    private var start = 0
    private var atEnd = false

    private static let blockBytes = 256 << 10
    /// meterd's own limit is 64 KiB.
    private static let longestLine = 1 << 20

    /// Opens a file; "-" is standard input.
    init(path: String) throws {
        if path == "-" {
            descriptor = STDIN_FILENO
            name = "standard input"
        } else {
            descriptor = open(path, O_RDONLY | O_CLOEXEC)
            name = path
            guard descriptor >= 0 else {
                throw Failure(.usage, "\(path) cannot be read: \(SystemText.reason(errno)).")
            }
        }
        var status = stat()
        let isFile = fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
        totalBytes = isFile ? UInt64(status.st_size) : nil
    }

    deinit {
        if descriptor != STDIN_FILENO { close(descriptor) }
    }

    /// The next line without its end, or nil at the end.
    mutating func next() throws -> [UInt8]? {
        while true {
            if let end = block[start...].firstIndex(of: UInt8(ascii: "\n")) {
                return take(to: end, skip: 1)
            }
            if atEnd { return start < block.count ? take(to: block.count, skip: 0) : nil }
            guard block.count - start < LineReader.longestLine else {
                throw Failure(.usage, "\(name):\(number + 1): the line is longer than 1 MiB.")
            }
            try fill()
        }
    }

    private mutating func take(to end: Int, skip: Int) -> [UInt8] {
        var line = Array(block[start..<end])
        doneBytes += UInt64(end + skip - start)
        start = end + skip
        number += 1
        if line.last == UInt8(ascii: "\r") { line.removeLast() }
        return line
    }

    private mutating func fill() throws {
        block.removeFirst(start)
        start = 0
        let old = block.count
        block.append(contentsOf: repeatElement(0, count: LineReader.blockBytes))
        var count = -1
        repeat {
            count = block.withUnsafeMutableBytes { bytes in
                read(descriptor, bytes.baseAddress.map { $0 + old }, LineReader.blockBytes)
            }
        } while count < 0 && errno == EINTR
        guard count >= 0 else {
            throw Failure(.temporary, "\(name) cannot be read: \(SystemText.reason(errno)).")
        }
        block.removeLast(LineReader.blockBytes - count)
        atEnd = count == 0
    }
}
