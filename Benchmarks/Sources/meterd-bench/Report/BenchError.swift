import Glibc

/// Why a measurement cannot go on; its text is what the user reads.
struct BenchError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }

    /// What the last system call complained of.
    static func reason(_ number: Int32 = errno) -> String { String(cString: strerror(number)) }
}
