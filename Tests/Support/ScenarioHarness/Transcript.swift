import DaemonHarness
import Foundation

/// A document with console sessions that show what `meterctl` says: played again on a real daemon.
///
/// In a block that begins with three backquotes and `console`, a line `$ COMMAND` is a shell's, and
/// goes on in lines `> ...`; a line `# TIME` moves the clock; all other lines are what the command
/// prints. An exit code that is not 0 is printed as `[CODE]`.
package struct Transcript {
    /// What a document is made of.
    enum Part {
        /// Lines that are kept as they are.
        case text(String)
        case clock(String)
        case command(String)
    }

    let parts: [Part]
    /// The document as it is written.
    package let text: String

    /// Reads a document.
    ///
    /// - Parameter path: The document.
    /// - Throws: `HarnessError` when it cannot be read.
    package init(path: String) throws {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
            throw HarnessError("\(path) cannot be read")
        }
        self.text = text
        parts = Transcript.parts(of: text)
    }

    private static func parts(of text: String) -> [Part] {
        var parts: [Part] = []
        var isConsole = false
        for line in text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) {
            if line.hasPrefix("```") {
                isConsole = line == "```console"
                parts.append(.text(line))
            } else if !isConsole {
                parts.append(.text(line))
            } else if line.hasPrefix("# ") {
                parts.append(.clock(String(line.dropFirst(2))))
            } else if line.hasPrefix("$ ") {
                parts.append(.command(String(line.dropFirst(2))))
            } else if line.hasPrefix("> "), case .command(let before) = parts.last {
                parts[parts.count - 1] = .command("\(before)\n\(line.dropFirst(2))")
            }
            // What else is in a console is an answer, and asked for anew.
        }
        return parts
    }

    /// Where the clock stands at first.
    ///
    /// - Throws: `HarnessError` when the document does not say.
    package func beginning() throws -> String {
        for case .clock(let time) in parts { return time }
        throw HarnessError("no line \"# TIME\" says when the session begins")
    }

    /// Plays it, and gives the document as it should be.
    ///
    /// - Parameter world: Where to play it; it runs, and its clock stands at the beginning.
    /// - Returns: The document with what was printed now.
    /// - Throws: `HarnessError` when a command cannot be run.
    package func play(in world: ScenarioWorld) throws -> String {
        var lines: [String] = []
        for part in parts {
            switch part {
            case .text(let line): lines.append(line)
            case .clock(let time):
                try world.move(to: time)
                lines.append("# \(time)")
            case .command(let command):
                lines.append("$ " + command.replacingOccurrences(of: "\n", with: "\n> "))
                lines += try answer(to: command, in: world)
            }
        }
        return lines.joined(separator: "\n")
    }

    private func answer(to command: String, in world: ScenarioWorld) throws -> [String] {
        // What was decided before is in PostgreSQL when somebody asks there.
        try world.waitUntilStored()
        let printed = try world.shell(command)
        var lines = printed.text.split(separator: "\n", omittingEmptySubsequences: false)
            .map { Transcript.lasting(String($0)) }
        if lines.last == "" { lines.removeLast() }
        if printed.code != 0 { lines.append("[\(printed.code)]") }
        return lines
    }

    /// A line without what is different each time: secrets, and how long something took.
    private static func lasting(_ line: String) -> String {
        if line.firstMatch(of: /^(took|rate) +/) != nil {
            return line.replacing(/^(took|rate)( +).*$/) { "\($0.1)\($0.2)..." }
        }
        return line.replacing(/mk_[A-Za-z0-9_-]+/, with: "mk_...")
    }
}

extension ScenarioWorld {
    /// Runs a shell command with `meterctl` on its path, and the daemon's sockets in its variables.
    package func shell(_ command: String) throws -> (text: String, code: Int32) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", command]
        process.currentDirectoryURL = URL(fileURLWithPath: scratch)
        let programs = URL(fileURLWithPath: try Programs.meterd()).deletingLastPathComponent().path
        process.environment = [
            "PATH": "\(programs):/usr/bin:/bin",
            "METERD_CONTROL_SOCKET": controlPath,
            "METERD_DATA_SOCKET": dataPath,
            "TZ": "UTC",
        ]
        // A file: what is read from a pipe may be interrupted by a signal.
        let path = "\(scratch)/printed"
        guard FileManager.default.createFile(atPath: path, contents: nil),
            let output = FileHandle(forWritingAtPath: path)
        else { throw HarnessError("\(path) cannot be written") }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = output
        do {
            try process.run()
        } catch {
            throw HarnessError("\(command): \(error)")
        }
        process.waitUntilExit()
        let printed = FileManager.default.contents(atPath: path) ?? Data()
        return (String(decoding: printed, as: UTF8.self), process.terminationStatus)
    }
}
