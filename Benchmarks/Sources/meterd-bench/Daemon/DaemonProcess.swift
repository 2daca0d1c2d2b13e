import Foundation
import Synchronization

/// A meterd of our own: private folder, private sockets, stopped by its process number.
final class DaemonProcess: Sendable {
    let folder: String
    let pid: Int32
    var dataSocket: String { "\(folder)/data.sock" }
    var controlSocket: String { "\(folder)/control.sock" }

    private let process: Mutex<Process>

    /// Starts meterd and waits until it is ready.
    ///
    /// - Parameters:
    ///   - options: Which meterd.
    ///   - folder: The private folder; it exists.
    ///   - connection: libpq's connection text.
    /// - Throws: `BenchError` with the end of its log when it does not become ready.
    init(_ options: Options, folder: String, connection: String) throws {
        self.folder = folder
        try DaemonProcess.writeSettings(options, folder: folder, connection: connection)
        let log = "\(folder)/meterd.log"
        try TextFile.write("", to: log)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: options.daemon)
        process.arguments = ["--config", "\(folder)/meterd.yaml"]
        // What is meant for this program would only make meterd wonder.
        process.environment = ProcessInfo.processInfo.environment.filter {
            !$0.key.hasPrefix("METERD_BENCH_")
        }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle(forWritingAtPath: log)
        process.standardError = FileHandle(forWritingAtPath: log)
        do {
            try process.run()
        } catch {
            throw BenchError("cannot start \(options.daemon): \(error)")
        }
        pid = process.processIdentifier
        Leftovers.daemon(pid)
        self.process = Mutex(process)
        try waitUntilReady(seconds: 60)
    }

    /// Asks it to end in order, and insists after a while.
    func stop() {
        process.withLock { process in
            guard process.isRunning else { return }
            kill(pid, SIGTERM)
            let start = Clock.nanoseconds
            while process.isRunning, Clock.seconds(since: start) < 40 { usleep(20_000) }
            if process.isRunning { kill(pid, SIGKILL) }
            process.waitUntilExit()
            Leftovers.daemon(nil)
        }
    }

    /// The end of its log, for an error message.
    var logTail: String {
        let lines = (TextFile.read("\(folder)/meterd.log") ?? "").split(separator: "\n")
        return lines.suffix(15).joined(separator: "\n")
    }

    /// Nanoseconds of cores that it has used so far.
    var cpuNanoseconds: UInt64 { Clock.processNanoseconds(of: pid) }

    /// What it holds in memory, in MiB.
    var residentMiB: Double {
        let status = TextFile.read("/proc/\(pid)/status") ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
        let number = line?.split(whereSeparator: { " \t".contains($0) }).dropFirst().first
        return number.flatMap { Double($0) }.map { $0 / 1024 } ?? 0
    }

    private func waitUntilReady(seconds: Double) throws {
        let start = Clock.nanoseconds
        while Clock.seconds(since: start) < seconds {
            guard process.withLock({ $0.isRunning }) else {
                throw BenchError("meterd has ended:\n\(logTail)")
            }
            if access(dataSocket, F_OK) == 0, access(controlSocket, F_OK) == 0 {
                let control = ControlCalls(path: controlSocket)
                if try DaemonStatus(of: control).ready { return }
            }
            usleep(20_000)
        }
        stop()
        throw BenchError("meterd did not become ready in \(seconds) s:\n\(logTail)")
    }

    private static func writeSettings(
        _ options: Options,
        folder: String,
        connection: String
    ) throws {
        try TextFile.write(Workload.rateCard, to: "\(folder)/rates.yaml")
        // Room for everything while PostgreSQL is away.
        let bytes = max(options.events * 2 * 300, 4 << 30)
        let settings = """
            node: {name: bench, state_directory: \(folder)/state}
            data_socket: {path: \(folder)/data.sock}
            control_socket: {path: \(folder)/control.sock}
            journal: {max_bytes: \(bytes)}
            postgres: {connection: "\(connection)"}
            rates: {card: \(folder)/rates.yaml}
            logging: {level: notice}

            """
        try TextFile.write(settings, to: "\(folder)/meterd.yaml")
    }
}
