import Foundation
import Glibc

/// A folder of its own below /tmp, short enough for a socket's path; gone with its owner.
///
/// `METERD_TEST_KEEP=1` keeps it, and prints where it is.
package final class ScratchFolder: Sendable {
    /// Where it is.
    package let path: String

    /// Makes an empty folder.
    ///
    /// - Throws: `HarnessError` when it cannot be made.
    package init() throws {
        var template = Array("/tmp/meterd-it-XXXXXX".utf8CString)
        let made = template.withUnsafeMutableBufferPointer { buffer -> String? in
            guard let start = buffer.baseAddress, mkdtemp(start) != nil else { return nil }
            return String(cString: start)
        }
        guard let made else { throw HarnessError("no folder in /tmp (errno \(errno))") }
        path = made
    }

    deinit {
        if getenv("METERD_TEST_KEEP") != nil {
            print("kept: \(path)")
            return
        }
        // What is left in /tmp harms nobody.
        try? FileManager.default.removeItem(atPath: path)
    }

    /// Writes a file in it.
    ///
    /// - Parameters:
    ///   - name: The file's name.
    ///   - text: Its whole content.
    /// - Returns: The file's path.
    /// - Throws: `HarnessError` when it cannot be written.
    @discardableResult
    package func write(_ name: String, _ text: String) throws -> String {
        let target = "\(path)/\(name)"
        do {
            try Data(text.utf8).write(to: URL(fileURLWithPath: target), options: .atomic)
        } catch {
            throw HarnessError("\(target) cannot be written: \(error)")
        }
        return target
    }
}
