import CLinux
import Glibc
import SettingsFiles

/// What a connector's program says of a payment.
enum ConnectorAnswer: Sendable, Hashable {
    /// It was paid.
    case confirmed(payment: String)
    /// It will not be paid.
    case failed(reason: String)
    /// It was asked for; a confirmation comes by the API.
    case pending
    /// The program did not say: it may or may not have been paid.
    case unclear(String)
}

/// Runs a program once: JSON on its standard input, JSON from its standard output.
///
/// Queue:       any that may block: it waits for the program's end, at most for the time allowed.
/// Invariants:  the program gets an environment of three variables, no open files but the three
///              standard ones, and its own process group, which is killed when its time is over.
struct CommandRun {
    /// The most bytes of output that are read.
    static let mostOutput = 65_536

    let arguments: [String]
    let timeoutSeconds: Int
    /// Whether the run is to be given up.
    let isStopping: @Sendable () -> Bool

    /// Runs it.
    ///
    /// - Parameter input: What it gets.
    /// - Returns: What it says.
    func answer(to input: [UInt8]) -> ConnectorAnswer {
        let ends: PipeRun.Ends
        switch start() {
        case .success(let started): ends = started
        case .failure(let failure):
            return .unclear("\(arguments.first ?? "") does not start: \(failure.reason).")
        }
        defer { close(ends.read) }
        var pipe = PipeRun(ends, input: input)
        let end = pipe.finish(after: timeoutSeconds, isStopping)
        switch end {
        case .exited(0): return Self.read(pipe.output)
        case .exited(let code): return .unclear("it ended with code \(code).")
        case .signalled(let signal): return .unclear("signal \(signal) ended it.")
        case .killed(let reason): return .unclear(reason)
        }
    }

    /// Starts the program with two pipes.
    private func start() -> Result<PipeRun.Ends, SpawnFailure> {
        let words = Self.copies(arguments)
        let variables = Self.copies(["PATH=/usr/bin:/bin", "LANG=C.UTF-8", "HOME=/"])
        defer { for text in words + variables { free(text) } }
        var ends = PipeRun.Ends()
        let code = meterd_spawn(words, variables, &ends.child, &ends.write, &ends.read)
        return code == 0 ? .success(ends) : .failure(SpawnFailure(code: code))
    }

    /// Texts as C wants them, with a null at the end; the caller frees them.
    private static func copies(_ texts: [String]) -> [UnsafeMutablePointer<CChar>?] {
        texts.map { strdup($0) } + [nil]
    }

    /// Reads an answer: `{"status": "confirmed", "payment": "..."}`, `{"status": "pending"}` or
    /// `{"status": "failed", "reason": "..."}`.
    static func read(_ output: [UInt8]) -> ConnectorAnswer {
        let text = String(decoding: output, as: UTF8.self)
        let document: YamlDocument
        do throws(SettingsError) {
            // JSON is a part of YAML, whose reader is here.
            document = try YamlDocument(text: text, file: "its answer")
        } catch {
            return .unclear("its answer is no JSON: \(error)")
        }
        guard var fields = document.root.mapping() else { return unclear(document) }
        let statuses = [
            (word: "confirmed", meaning: 0), (word: "pending", meaning: 1),
            (word: "failed", meaning: 2),
        ]
        let status = fields.required("status")?.choice(statuses)
        let payment = fields.optional("payment")?.text()
        let reason = fields.optional("reason")?.text()
        fields.refuseRest()
        if document.report.hasErrors { return unclear(document) }
        switch status {
        case 0:
            guard let payment else { return .unclear("its answer confirms without `payment`.") }
            return .confirmed(payment: payment)
        case 1: return .pending
        default: return .failed(reason: String((reason ?? "no reason given").prefix(250)))
        }
    }

    private static func unclear(_ document: YamlDocument) -> ConnectorAnswer {
        let issue = document.report.sorted.first.map { "\($0)" } ?? "nothing to be read"
        return .unclear("its answer is not what it should be: \(issue)")
    }
}

/// Why a program does not start.
private struct SpawnFailure: Error {
    let code: Int32

    var reason: String { strerror(code).map { String(cString: $0) } ?? "errno \(code)" }
}

/// A program that runs, with its two pipes.
private struct PipeRun {
    enum End {
        case exited(Int32)
        case signalled(Int32)
        case killed(String)
    }

    struct Ends {
        var child: Int32 = 0
        var write: Int32 = -1
        var read: Int32 = -1
    }

    let child: Int32
    var write: Int32
    let read: Int32
    let input: [UInt8]
    var written = 0
    var output: [UInt8] = []
    private var isReadable = true

    init(_ ends: Ends, input: [UInt8]) {
        child = ends.child
        write = ends.write
        read = ends.read
        self.input = input
        _ = fcntl(write, F_SETFL, O_NONBLOCK)
        _ = fcntl(read, F_SETFL, O_NONBLOCK)
    }

    /// Feeds and reads it until its end, or until its time is over.
    mutating func finish(after seconds: Int, _ isStopping: () -> Bool) -> End {
        defer { closeInput() }
        let deadline = Self.milliseconds() + Int64(seconds) * 1000
        while true {
            step()
            var status: Int32 = 0
            if waitpid(child, &status, WNOHANG) == child {
                // What it has left behind in its group goes with it.
                _ = kill(-child, SIGKILL)
                while isReadable, readSome() {}
                let signal = status & 0x7F
                return signal == 0 ? .exited((status >> 8) & 0xFF) : .signalled(signal)
            }
            var reason: String?
            if output.count > CommandRun.mostOutput {
                reason = "it wrote more than \(CommandRun.mostOutput) bytes and was killed."
            } else if isStopping() {
                reason = "it was killed because the daemon stops."
            } else if Self.milliseconds() >= deadline {
                reason = "it did not end within \(seconds) s and was killed."
            }
            guard let reason else { continue }
            _ = kill(-child, SIGKILL)
            while waitpid(child, &status, 0) < 0, errno == EINTR {}
            return .killed(reason)
        }
    }

    /// Waits for a moment, and does what can be done.
    private mutating func step() {
        guard isReadable || write >= 0 else {
            // A program that has closed its ends is waited for all the same.
            usleep(10_000)
            return
        }
        // A number below zero is passed over.
        var polls = [
            pollfd(fd: isReadable ? read : -1, events: Int16(POLLIN), revents: 0),
            pollfd(fd: write, events: Int16(POLLOUT), revents: 0),
        ]
        guard poll(&polls, 2, 50) > 0 else { return }
        if polls[1].revents != 0 { writeSome() }
        if polls[0].revents != 0 { _ = readSome() }
    }

    private static func milliseconds() -> Int64 {
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        return Int64(now.tv_sec) * 1000 + Int64(now.tv_nsec) / 1_000_000
    }

    private mutating func writeSome() {
        guard write >= 0 else { return }
        if written < input.count {
            let count = input[written...].withUnsafeBytes { bytes in
                Glibc.write(write, bytes.baseAddress, bytes.count)
            }
            if count > 0 { written += count }
            if count < 0, errno == EAGAIN || errno == EINTR { return }
            // A program that does not read has its reasons.
            if count <= 0 { return closeInput() }
        }
        if written == input.count { closeInput() }
    }

    private mutating func closeInput() {
        if write >= 0 { close(write) }
        write = -1
    }

    /// Reads what there is; false when there is nothing now.
    private mutating func readSome() -> Bool {
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = Glibc.read(read, &bytes, bytes.count)
        if count > 0 {
            output.append(contentsOf: bytes[..<count])
            return output.count <= CommandRun.mostOutput
        }
        if count == 0 || (errno != EAGAIN && errno != EINTR) { isReadable = false }
        return false
    }
}
