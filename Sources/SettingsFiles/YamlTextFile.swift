import Glibc

/// Reading of whole text files, without Foundation.
enum TextFile {
    /// Larger files are no settings: 64 MiB.
    private static let largest = 64 << 20

    static func read(_ path: String) throws(SettingsError) -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .unreadable(file: path, errno: errno) }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0 {
                if errno == EINTR { continue }
                throw .unreadable(file: path, errno: errno)
            }
            if count == 0 { break }
            bytes.append(contentsOf: chunk[0..<count])
            guard bytes.count <= largest else { throw .unreadable(file: path, errno: EFBIG) }
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw .notText(file: path)
        }
        return text
    }

    static func reason(_ code: Int32) -> String {
        String(cString: strerror(code))
    }
}
