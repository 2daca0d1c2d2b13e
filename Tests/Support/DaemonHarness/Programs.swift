import Glibc

/// Where the programs under test are.
package enum Programs {
    /// The daemon: `METERD_BINARY`, or `meterd` in the build folder that this test was built in.
    ///
    /// - Returns: Its path.
    /// - Throws: `HarnessError` when there is none.
    package static func meterd() throws -> String {
        try find("meterd", variable: "METERD_BINARY")
    }

    private static func find(_ name: String, variable: String) throws -> String {
        if let given = getenv(variable).map({ String(cString: $0) }) {
            if access(given, X_OK) == 0 { return given }
            throw HarnessError("\(variable)=\(given) is no program that can be run")
        }
        var tried: [String] = []
        // The test bundle stands on the command line of the process that runs it, and both that
        // process and the bundle may be in the build folder or below it.
        for start in CommandLine.arguments.filter({ $0.hasPrefix("/") }) + [executable] {
            var folder = parent(start)
            for _ in 0..<4 where folder.count > 1 {
                let candidate = "\(folder)/\(name)"
                var status = stat()
                if stat(candidate, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
                    access(candidate, X_OK) == 0
                {
                    return candidate
                }
                tried.append(candidate)
                folder = parent(folder)
            }
        }
        let list = tried.joined(separator: ", ")
        throw HarnessError(
            "there is no \(name): set \(variable), or build it first (tried \(list))"
        )
    }

    private static var executable: String {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &buffer, buffer.count)
        return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
    }

    private static func parent(_ path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "" }
        return String(path[..<slash])
    }
}
