import Foundation

/// Where the figures come from; without it they mean nothing.
struct Machine: Codable, Sendable {
    var cores: Int
    var processor: String
    var memoryGibibytes: Double
    var kernel: String
    var fileSystem: String
    var loadBefore: String

    /// Looks at this machine.
    ///
    /// - Parameter folder: Where the journal and the baselines' files go.
    init(folder: String) {
        let process = ProcessInfo.processInfo
        cores = process.activeProcessorCount
        processor = Machine.processor()
        memoryGibibytes = (Double(process.physicalMemory) / Double(1 << 30) * 10).rounded() / 10
        kernel = Machine.kernel()
        fileSystem = Machine.fileSystem(of: folder)
        let load = TextFile.read("/proc/loadavg") ?? ""
        loadBefore = load.split(separator: " ").prefix(3).joined(separator: " ")
    }

    /// Whether a sync means nothing there.
    var isInMemory: Bool { fileSystem == "tmpfs" || fileSystem == "ramfs" }

    var text: String {
        "\(cores) cores (\(processor)), \(memoryGibibytes) GiB, Linux \(kernel), \(fileSystem), "
            + "load before \(loadBefore)"
    }

    private static func processor() -> String {
        let lines = (TextFile.read("/proc/cpuinfo") ?? "").split(separator: "\n")
        let line = lines.first { $0.hasPrefix("model name") }
        let name = line?.split(separator: ":").last ?? "unknown"
        return name.trimmingCharacters(in: .whitespaces)
    }

    private static func kernel() -> String {
        let release = TextFile.read("/proc/sys/kernel/osrelease") ?? "unknown"
        return release.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// The type of the file system, from the longest mount point that the folder lies under.
    private static func fileSystem(of folder: String) -> String {
        var best = (length: 0, type: "unknown")
        for line in (TextFile.read("/proc/mounts") ?? "").split(separator: "\n") {
            let fields = line.split(separator: " ")
            guard fields.count > 2 else { continue }
            let point = String(fields[1])
            let isAbove = point == "/" || folder == point || folder.hasPrefix(point + "/")
            if isAbove, point.count >= best.length { best = (point.count, String(fields[2])) }
        }
        return best.type
    }
}
