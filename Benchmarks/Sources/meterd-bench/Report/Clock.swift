import Glibc

/// The monotonic clock, and what processes and threads have used of the cores.
enum Clock {
    /// Nanoseconds since some moment in the past.
    static var nanoseconds: UInt64 { read(CLOCK_MONOTONIC) }

    /// Nanoseconds that this thread has run.
    static var threadNanoseconds: UInt64 { read(CLOCK_THREAD_CPUTIME_ID) }

    /// Microseconds since 1970.
    static var wallMicroseconds: Int64 { Int64(read(CLOCK_REALTIME) / 1000) }

    /// Seconds since a reading of `nanoseconds`.
    static func seconds(since start: UInt64) -> Double { Double(nanoseconds - start) / 1e9 }

    /// Sleeps until a reading of `nanoseconds`; not at all when it is past.
    static func sleep(until moment: UInt64) {
        var time = timespec()
        time.tv_sec = Int(moment / 1_000_000_000)
        time.tv_nsec = Int(moment % 1_000_000_000)
        while clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, nil) == EINTR {}
    }

    /// Nanoseconds that all threads of a process have run, user and system.
    static func processNanoseconds(of process: Int32) -> UInt64 {
        guard let text = TextFile.read("/proc/\(process)/stat"),
            let end = text.lastIndex(of: ")")
        else { return 0 }
        // After the name: state is field 3, utime 14 and stime 15.
        let fields = text[text.index(after: end)...].split(separator: " ")
        guard fields.count > 12, let user = UInt64(fields[11]), let system = UInt64(fields[12])
        else { return 0 }
        let ticks = UInt64(max(sysconf(Int32(_SC_CLK_TCK)), 1))
        return (user + system) * (1_000_000_000 / ticks)
    }

    private static func read(_ clock: Int32) -> UInt64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}

/// Small text files, such as those of `/proc`.
enum TextFile {
    /// The whole text; nil when it cannot be read.
    static func read(_ path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            guard count > 0 else { break }
            bytes.append(contentsOf: chunk[..<count])
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The first number on the line that begins with a word; 0 when there is none.
    static func number(after word: String, in text: String) -> Double {
        let line = text.split(separator: "\n").first { $0.hasPrefix(word) }
        let field = line?.split(whereSeparator: { " \t".contains($0) }).dropFirst().first
        return field.flatMap { Double($0) } ?? 0
    }

    /// What is in a folder; nothing when it is gone.
    static func names(in folder: String) -> [String] {
        guard let stream = opendir(folder) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names
    }

    /// Writes a text, replacing what was there.
    static func write(_ text: String, to path: String) throws {
        guard let file = fopen(path, "w") else {
            throw BenchError("cannot write \(path): \(BenchError.reason())")
        }
        fputs(text, file)
        fclose(file)
    }
}
