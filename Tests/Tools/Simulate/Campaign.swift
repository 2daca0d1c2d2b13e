import Glibc
import Simulation

/// Shares seeds among processes, so that one that traps does not end the others, and sums up.
struct Campaign {
    let first: UInt64
    let count: Int
    let steps: Int
    let jobs: Int
    let twice: Bool

    private var sums = [Int](repeating: 0, count: Statistics().fields.count)
    private var done = 0
    private var violations: [String] = []
    private var next: UInt64
    private var children: [Child] = []
    private let began = Campaign.now

    /// How many seeds a process gets at a time.
    private static let share = 20

    init(first: UInt64, count: Int, steps: Int, jobs: Int, twice: Bool) {
        self.first = first
        self.count = count
        self.steps = steps
        self.jobs = max(jobs, 1)
        self.twice = twice
        next = first
    }

    private static var now: Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    private var end: UInt64 { first + UInt64(count) }

    /// Runs all seeds; false when one of them has broken a promise.
    mutating func run() -> Bool {
        var told = 0.0
        while next < end || !children.isEmpty {
            while children.count < jobs, next < end {
                let share = min(UInt64(Campaign.share), end - next)
                children.append(Child(first: next, end: next + share, steps: steps, twice: twice))
                next += share
            }
            wait()
            if Campaign.now - told > 5, isatty(STDERR_FILENO) == 1 {
                told = Campaign.now
                let line = "\(done) of \(count) seeds, \(violations.count) violations\n"
                _ = line.withCString { write(STDERR_FILENO, $0, strlen($0)) }
            }
        }
        tell()
        return violations.isEmpty
    }

    private mutating func wait() {
        var polls = children.map { pollfd(fd: $0.output, events: Int16(POLLIN), revents: 0) }
        guard poll(&polls, nfds_t(polls.count), 1000) > 0 else { return }
        for index in polls.indices.reversed() where polls[index].revents != 0 {
            let isOpen = children[index].read()
            for line in children[index].lines() { take(line, index) }
            if isOpen { continue }
            let child = children.remove(at: index)
            let status = child.finish()
            guard let running = child.running else { continue }
            // It ended in the middle of a seed: a broken invariant traps.
            complain("VIOLATION seed=\(running) step=0 invariant=trap status \(status)")
            guard running + 1 < child.end else { continue }
            let rest = Child(first: running + 1, end: child.end, steps: steps, twice: twice)
            children.append(rest)
        }
    }

    private mutating func take(_ line: Substring, _ index: Int) {
        let words = line.split(separator: " ", maxSplits: 3).map(String.init)
        guard words.count >= 2, let seed = UInt64(words[1]) else { return }
        switch words[0] {
        case "seed": children[index].running = seed
        case "done":
            children[index].running = nil
            done += 1
            let figures = words.count > 3 ? words[3].split(separator: " ").map { Int($0) ?? 0 } : []
            for (index, figure) in figures.enumerated() where index < sums.count {
                sums[index] += figure
            }
        case "violation":
            children[index].running = nil
            let text = words.count > 3 ? words[3] : ""
            complain("VIOLATION seed=\(seed) step=\(words[2]) \(text)")
        default: break
        }
    }

    private mutating func complain(_ line: String) {
        violations.append(line)
        let seed = line.split(separator: " ")[1].dropFirst(5)
        print(line)
        print("Replay it: make simulate SEED=\(seed) STEPS=\(steps)")
        fflush(nil)
    }

    private func tell() {
        let seconds = max(Campaign.now - began, 0.001)
        for ((name, _), sum) in zip(Statistics().fields, sums) {
            print("  \(name): \(sum)")
        }
        let rate = Int(Double(sums.first ?? 0) / seconds)
        print("  \(Int(seconds)) s, \(rate) steps a second in \(jobs) processes")
        if violations.isEmpty {
            print("OK seeds=\(done) steps=\(sums.first ?? 0)")
        } else {
            print("\(violations.count) of \(count) seeds broke a promise")
        }
    }
}

/// A process that runs some of the seeds.
struct Child {
    let end: UInt64
    let output: Int32
    private let pid: pid_t
    private var partial = ""
    /// The seed that it is at.
    var running: UInt64?

    init(first: UInt64, end: UInt64, steps: Int, twice: Bool) {
        self.end = end
        var ends: [Int32] = [0, 0]
        pipe(&ends)
        // Only the child's own copy goes on.
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO)
        var words = [
            "meterd-simulate", "--worker", "--first-seed", "\(first)", "--seeds",
            "\(end - first)", "--steps", "\(steps)",
        ]
        if twice { words.append("--twice") }
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) }
        arguments.append(nil)
        var pid: pid_t = 0
        posix_spawn(&pid, "/proc/self/exe", &actions, nil, arguments, environ)
        posix_spawn_file_actions_destroy(&actions)
        for argument in arguments { free(argument) }
        close(ends[1])
        self.pid = pid
        output = ends[0]
        running = first
    }

    /// Reads what has come; false at the end.
    mutating func read() -> Bool {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = Glibc.read(output, &buffer, buffer.count)
        guard count > 0 else { return false }
        partial += String(decoding: buffer[..<count], as: UTF8.self)
        return true
    }

    /// Takes the whole lines that have come.
    mutating func lines() -> [Substring] {
        guard let last = partial.lastIndex(of: "\n") else { return [] }
        let whole = partial[..<last].split(separator: "\n")
        partial = String(partial[partial.index(after: last)...])
        return whole
    }

    func finish() -> Int32 {
        var status: Int32 = 0
        close(output)
        waitpid(pid, &status, 0)
        return status
    }
}
