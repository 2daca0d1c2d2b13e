import Foundation
import Synchronization

/// What must be gone at the end, also when the run is broken off.
enum Leftovers {
    private struct State {
        var daemon: Int32?
        var folder: String?
        var database: (server: String, name: String)?
        var isCleared = false
    }

    private static let state = Mutex(State())

    static func daemon(_ pid: Int32?) { state.withLock { $0.daemon = pid } }
    static func folder(_ path: String?) { state.withLock { $0.folder = path } }
    static func database(server: String, name: String) {
        state.withLock { $0.database = (server, name) }
    }

    /// Ends and deletes all of it; false when another thread does, or has.
    static func clear() -> Bool {
        let found = state.withLock { state -> State in
            let found = state
            state = State(isCleared: true)
            return found
        }
        guard !found.isCleared else { return false }
        // Only its own child: by its number, which is ours until it is waited for.
        if let pid = found.daemon, pid > 0 { kill(pid, SIGKILL) }
        remove(found.database)
        if let folder = found.folder { removeFolder(folder) }
        return true
    }

    /// Drops the database now, before the next one is made.
    static func dropDatabase() {
        // Remembered until it is gone, in case that the run is broken off meanwhile.
        remove(state.withLock { $0.database })
        state.withLock { $0.database = nil }
    }

    /// Deletes a folder with all that is in it.
    static func removeFolder(_ folder: String) {
        do {
            try FileManager.default.removeItem(atPath: folder)
        } catch {
            Progress.say("\(folder) is left: \(error)")
        }
    }

    private static func remove(_ database: (server: String, name: String)?) {
        guard let database else { return }
        do {
            try drop(database.name, at: database.server)
        } catch {
            Progress.say("the database \(database.name) is left: \(error)")
        }
    }

    /// Tries again for a while: a worker of autovacuum keeps a database until it has finished.
    private static func drop(_ name: String, at text: String) throws {
        let server = try Database(text)
        var attempts = 0
        while true {
            do {
                try server.run("DROP DATABASE IF EXISTS \(name) WITH (FORCE)")
                return
            } catch {
                attempts += 1
                if attempts == 40 { throw error }
                usleep(500_000)
            }
        }
    }
}
