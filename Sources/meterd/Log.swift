import Foundation
import Logging
import SettingsFiles
import Synchronization

/// The daemon's log: lines on standard error, which the service manager keeps.
final class Log: Sendable {
    let logger: Logger
    private let level: LogLevelCell

    init(_ settings: Settings.Logging) {
        let level = LogLevelCell(settings.level)
        self.level = level
        let isJSON = settings.format == .json
        LoggingSystem.bootstrap { label in
            LineHandler(label: label, isJSON: isJSON, level: level)
        }
        logger = Logger(label: "meterd")
    }

    func set(_ level: Settings.LogLevel) {
        self.level.set(level)
    }
}

/// The level in force, which a reload may change.
final class LogLevelCell: Sendable {
    private let cell: Mutex<Logger.Level>

    init(_ level: Settings.LogLevel) {
        cell = Mutex(Logger.Level(rawValue: level.rawValue) ?? .info)
    }

    var level: Logger.Level { cell.withLock { $0 } }

    func set(_ level: Settings.LogLevel) {
        cell.withLock { $0 = Logger.Level(rawValue: level.rawValue) ?? .info }
    }
}

/// One line for each event: plain for people, or a JSON object for programs.
struct LineHandler: LogHandler {
    let label: String
    let isJSON: Bool
    let level: LogLevelCell
    var metadata: Logger.Metadata = [:]

    init(label: String, isJSON: Bool, level: LogLevelCell) {
        self.label = label
        self.isJSON = isJSON
        self.level = level
    }

    var logLevel: Logger.Level {
        get { level.level }
        // The level is the daemon's, not a logger's.
        set { _ = newValue }
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let all = metadata.merging(event.metadata ?? [:]) { _, new in new }
        let fields = all.sorted { $0.key < $1.key }
        let time = Date().formatted(.iso8601)
        if isJSON {
            var object: [String: String] = [
                "time": time, "level": event.level.rawValue, "message": "\(event.message)",
            ]
            for (key, value) in fields { object[key] = "\(value)" }
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            do {
                ErrorOutput.write(String(decoding: try encoder.encode(object), as: UTF8.self))
            } catch {
                // Strings always encode; if they once do not, the sentence is what counts.
                ErrorOutput.write("\(event.message)")
            }
        } else {
            let extras = fields.map { " \($0.key)=\($0.value)" }.joined()
            ErrorOutput.write("\(time) \(event.level.rawValue) \(event.message)\(extras)")
        }
    }
}
