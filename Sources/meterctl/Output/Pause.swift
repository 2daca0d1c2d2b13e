import Foundation

/// Waits on a thread of its own; tasks use `Task.sleep`.
enum Pause {
    static func milliseconds(_ count: UInt32) {
        usleep(count * 1000)
    }
}
