import DaemonHarness
import Glibc

/// A private PostgreSQL that the campaign may stop as it likes.
package struct Cluster: Sendable {
    /// The script that starts and stops clusters.
    private let script: String
    /// The cluster's folder.
    private let folder: String
    /// libpq's connection text for its first database.
    package let conninfo: String

    /// Uses a cluster that runs, or makes one.
    ///
    /// - Parameters:
    ///   - script: The path of `.ci/postgres`.
    ///   - folder: The cluster's folder.
    ///   - fresh: Whether to delete first what a run that was killed has left behind.
    /// - Throws: `HarnessError` when it does not start.
    package init(script: String, folder: String, fresh: Bool = false) throws {
        self.script = script
        self.folder = folder
        if fresh { try Cluster.run(script, "remove", folder) }
        try Cluster.run(script, "start", folder)
        let path = try Cluster.socketFolder(folder)
        conninfo = "host=\(path) user=meterd dbname=meterd"
    }

    /// Starts it.
    package func start() throws { try Cluster.run(script, "start", folder) }

    /// Stops it as a crash would: without a checkpoint, all sessions cut.
    package func crash() throws { try Cluster.run(script, "stop", folder, "immediate") }

    /// Stops it and deletes all of it.
    package func remove() throws { try Cluster.run(script, "remove", folder) }

    /// Makes an empty database.
    ///
    /// - Parameter name: Its name.
    /// - Returns: libpq's connection text for it.
    /// - Throws: When the server refuses.
    package func makeDatabase(_ name: String) throws -> String {
        let database = try Database(conninfo)
        try database.rows("DROP DATABASE IF EXISTS \(name) WITH (FORCE)")
        try database.rows("CREATE DATABASE \(name)")
        return "\(conninfo) dbname=\(name)"
    }

    private static func socketFolder(_ folder: String) throws -> String {
        guard let file = fopen("\(folder)/socket.path", "r") else {
            throw HarnessError("\(folder) holds no cluster")
        }
        defer { fclose(file) }
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = fread(&buffer, 1, buffer.count, file)
        return String(decoding: buffer[0..<count], as: UTF8.self)
    }

    private static func run(_ words: String...) throws {
        let log = "/dev/null"
        let child = try ChildProcess(
            words,
            environment: ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin"],
            log: log
        )
        let end = try child.waitForEnd(within: 90)
        guard end == .exited(0) else { throw HarnessError("\(words) ended with \(end)") }
    }
}
