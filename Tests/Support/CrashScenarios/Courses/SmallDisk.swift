import DaemonHarness
import Glibc

/// A small file system of its own, which can really be full: an ext4 in a file, or a tmpfs.
///
/// Only root can mount one. It is unmounted with its owner.
package final class SmallDisk {
    /// Where it is mounted.
    package let path: String
    /// What it is, for the table.
    package let kind: String
    private let image: String

    /// Why there can be none; nil when there can.
    package static var objection: String? {
        geteuid() == 0 ? nil : "only root can mount a file system, and this is user \(geteuid())"
    }

    /// Makes and mounts one.
    ///
    /// - Parameters:
    ///   - folder: An empty folder, or one that a run that was killed has left behind.
    ///   - mebibytes: How large it is.
    /// - Throws: `HarnessError` when it cannot be mounted.
    package init(folder: String, mebibytes: Int) throws {
        path = folder
        image = "\(folder).ext4"
        _ = try? SmallDisk.run("umount", folder)
        mkdir(folder, 0o755)
        unlink(image)
        do {
            try SmallDisk.run("truncate", "-s", "\(mebibytes)M", image)
            // Nothing is kept back for root, who runs the daemon here.
            try SmallDisk.run("mkfs.ext4", "-q", "-F", "-m", "0", image)
            try SmallDisk.run("mount", "-o", "loop", image, folder)
            kind = "ext4 of \(mebibytes) MiB"
        } catch {
            try SmallDisk.run("mount", "-t", "tmpfs", "-o", "size=\(mebibytes)m", "tmpfs", folder)
            kind = "tmpfs of \(mebibytes) MiB (no loop device: \(error))"
        }
    }

    deinit {
        do {
            // The daemon may be about to let go of its files.
            try wait(until: "\(path) is unmounted", within: 5, step: 100_000) {
                (try? SmallDisk.run("umount", path)) != nil
            }
        } catch {
            print("\(path) could not be unmounted: \(error)")
        }
        unlink(image)
        rmdir(path)
    }

    /// How many bytes are free.
    package var free: UInt64 {
        var status = statvfs()
        return statvfs(path, &status) == 0 ? UInt64(status.f_bavail) * UInt64(status.f_bsize) : 0
    }

    /// Takes all the room that is left, with a file of its own.
    ///
    /// - Returns: How many bytes it took.
    @discardableResult
    package func fill() -> Int {
        let file = open("\(path)/filler", O_WRONLY | O_CREAT | O_APPEND, 0o600)
        guard file >= 0 else { return 0 }
        defer { close(file) }
        var taken = 0
        for size in [1 << 20, 1 << 16, 1 << 12] {
            let bytes = [UInt8](repeating: 0x5A, count: size)
            while true {
                let count = write(file, bytes, size)
                guard count > 0 else { break }
                taken += count
            }
        }
        // What is only promised may turn out not to fit.
        fsync(file)
        return taken
    }

    /// Gives that room back.
    package func clear() {
        unlink("\(path)/filler")
    }

    private static func run(_ words: String...) throws {
        let folders = ["/usr/sbin", "/sbin", "/usr/bin", "/bin"]
        let candidates = folders.map { folder in "\(folder)/\(words[0])" }
        guard let program = candidates.first(where: { path in access(path, X_OK) == 0 }) else {
            throw HarnessError("there is no \(words[0])")
        }
        let child = try ChildProcess(
            [program] + words.dropFirst(),
            environment: ["PATH": folders.joined(separator: ":")],
            log: "/dev/null"
        )
        let end = try child.waitForEnd(within: 60)
        guard end == .exited(0) else {
            throw HarnessError("\(words.joined(separator: " ")) ended with \(end)")
        }
    }
}
