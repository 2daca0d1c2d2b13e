import Foundation
import Synchronization

/// What must be gone at the end, also when the run is broken off.
enum Leftovers {
    private struct State {
        var daemon: Int32?
        var folder: String?
        var database: (server: String, name: String)?
    }

    private static let state = Mutex(State())

    static func daemon(_ pid: Int32?) { state.withLock { $0.daemon = pid } }
    static func folder(_ path: String?) { state.withLock { $0.folder = path } }
    static func database(server: String, name: String) {
        state.withLock { $0.database = (server, name) }
    }

    /// Ends and deletes all of it; harmless when nothing is left.
    static func clear() {
        let found = state.withLock { state in
            defer { state = State() }
            return state
        }
        // Only its own child: by its number, which is ours until it is waited for.
        if let pid = found.daemon { kill(pid, SIGKILL) }
        if let database = found.database {
            do {
                let server = try Database(database.server)
                try server.run("DROP DATABASE IF EXISTS \(database.name) WITH (FORCE)")
            } catch {
                Progress.say("the database \(database.name) is left: \(error)")
            }
        }
        if let folder = found.folder {
            do {
                try FileManager.default.removeItem(atPath: folder)
            } catch {
                Progress.say("\(folder) is left: \(error)")
            }
        }
    }
}
