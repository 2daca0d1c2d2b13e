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
        let path = try Cluster.text("\(folder)/socket.path")
        conninfo = "host=\(path) user=meterd dbname=meterd"
    }

    /// Starts it.
    package func start() throws { try Cluster.run(script, "start", folder) }

    /// Stops it as a crash would: without a checkpoint, all sessions cut.
    package func crash() throws { try Cluster.run(script, "stop", folder, "immediate") }

    /// Starts it, and kills it again a moment later, while it recovers.
    ///
    /// - Parameter microseconds: How long a moment is.
    /// - Returns: Whether there was somebody to kill by then.
    /// - Throws: `HarnessError` when the script does not come to an end.
    package func startAndKill(after microseconds: UInt32) throws -> Bool {
        let child = try ChildProcess(
            [script, "start", folder],
            environment: ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin"],
            log: "/dev/null"
        )
        usleep(microseconds)
        let killed = (try? kill()) ?? 0
        _ = try child.waitForEnd(within: 90)
        // Too early to be there before, it may have started behind our back.
        if killed == 0 { return (try? kill()) != nil }
        return true
    }

    /// Whether it promises what a crash of the machine would test.
    ///
    /// - Returns: Its setting `fsync`: "on", or "off".
    /// - Throws: When it does not answer.
    package func fsync() throws -> String {
        try Database(conninfo).rows("SHOW fsync").first?.first ?? "unknown"
    }

    /// Kills every process of it with SIGKILL, as the kernel does when memory is short.
    ///
    /// The postmaster goes first, so that it starts nobody anew. Returns when all are gone: the
    /// next start refuses while one of them still holds the shared memory.
    ///
    /// - Returns: How many processes were killed.
    /// - Throws: `HarnessError` when it does not run, or somebody survives.
    @discardableResult
    package func kill() throws -> Int {
        // Frozen, it starts nobody between the look and the kill.
        Glibc.kill(try postmaster(), SIGSTOP)
        let all = try processes()
        for process in all { Glibc.kill(process, SIGKILL) }
        try wait(until: "PostgreSQL's processes are gone", within: 20, step: 1000) {
            all.allSatisfy { Glibc.kill($0, 0) != 0 || Cluster.isDead($0) }
        }
        // Where their new parent takes its time to ask how they ended, their numbers stay taken,
        // and the next start would believe that they still run.
        if Glibc.kill(all[0], 0) == 0 {
            unlink("\(try Cluster.text("\(folder)/data.path"))/postmaster.pid")
            unlink("\(try Cluster.text("\(folder)/socket.path"))/.s.PGSQL.5432.lock")
        }
        return all.count
    }

    /// Freezes every process of it, or lets them go on.
    ///
    /// - Parameter isFrozen: Whether they stand still from now on.
    /// - Throws: `HarnessError` when it does not run.
    package func freeze(_ isFrozen: Bool) throws {
        for process in try processes() { Glibc.kill(process, isFrozen ? SIGSTOP : SIGCONT) }
    }

    /// The postmaster and all that it has started, the postmaster first.
    private func processes() throws -> [pid_t] {
        let postmaster = try postmaster()
        let children = try Cluster.text("/proc/\(postmaster)/task/\(postmaster)/children")
        return [postmaster] + children.split(separator: " ").compactMap { pid_t($0) }
    }

    private func postmaster() throws -> pid_t {
        let data = try Cluster.text("\(folder)/data.path")
        let lines = try Cluster.text("\(data)/postmaster.pid").split(separator: "\n")
        guard let postmaster = lines.first.flatMap({ pid_t($0) }), postmaster > 1 else {
            throw HarnessError("\(data) has no postmaster")
        }
        return postmaster
    }

    /// Whether a process has ended and only waits to be asked how.
    private static func isDead(_ process: pid_t) -> Bool {
        guard let text = try? text("/proc/\(process)/stat") else { return true }
        return text.split(separator: ")").last?.hasPrefix(" Z") ?? true
    }

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

    private static func text(_ path: String) throws -> String {
        guard let file = fopen(path, "r") else {
            throw HarnessError("\(path) cannot be read (errno \(errno))")
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
