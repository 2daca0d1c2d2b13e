import ArgumentParser
import ControlPlane
import Engine
import Foundation
import Logging
import Rating
import ServiceLifecycle
import SettingsFiles
import UnixSignals

/// The daemon: arguments, signals and exit codes; everything else is in the rooms.
@main
struct Meterd: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "meterd",
        abstract: "Counts what requests and machines use, and decides whether the next may run.",
        discussion: """
            Gateways stream usage into the data socket; meterctl administers through the control
            socket. Every key of the configuration is described in config/meterd.yaml, and can be
            overridden in the environment as METERD_<GROUP>_<KEY>.

            Signals: SIGTERM and SIGINT stop in order (what was taken is made durable and stored),
            SIGHUP loads the rate card and the log level again.

            Exit codes: 0 stopped in order, 64 wrong arguments, 70 a bug, 75 try again later,
            78 the configuration is wrong.
            """,
        version: MeterdVersion.text
    )

    @Option(name: .shortAndLong, help: "The configuration file.")
    var config: String =
        ProcessInfo.processInfo.environment["METERD_CONFIG"] ?? "/etc/meterd/meterd.yaml"

    @Flag(help: "Check the configuration and the rate card, and exit.")
    var checkConfig = false

    func run() async throws {
        let environment = ProcessInfo.processInfo.environment
        let settings: Settings
        do throws(SettingsError) {
            settings = try Settings.load(path: config, environment: environment)
            let card = try RateCardFile.load(path: settings.ratesCard)
            if checkConfig {
                print("\(config) is valid, and so is the rate card \"\(card.card.name)\".")
                return
            }
        } catch {
            ErrorOutput.write("\(error)")
            throw ExitCode(78)
        }
        signal(SIGPIPE, SIG_IGN)
        let log = Log(settings.logging)
        let systemd = Systemd(environment: environment, processID: getpid())
        systemd.closeListenersOnExec()
        let daemon = Daemon(
            settings: settings,
            configPath: config,
            environment: environment,
            systemd: systemd,
            log: log
        )
        let code = await daemon.run()
        if code != 0 { throw ExitCode(code) }
    }
}

/// Writes a line to standard error.
enum ErrorOutput {
    static func write(_ text: String) {
        FileHandle.standardError.write(Data((text + "\n").utf8))
    }
}
