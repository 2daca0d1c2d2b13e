import Dispatch
import Foundation

/// Measures a whole daemon against bare baselines, in one run.
@main
struct MeterdBench {
    static func main() {
        do {
            let environment = ProcessInfo.processInfo.environment
            let arguments = Array(CommandLine.arguments.dropFirst())
            guard let options = try Options(arguments, environment: environment) else {
                let isList = arguments.contains("--list")
                print(isList ? Campaign.names.joined(separator: "\n") : Options.help)
                return
            }
            let watch = Watch(timeLimitSeconds: options.timeLimitSeconds)
            defer { watch.end() }
            let report = try Campaign(options).run()
            guard Leftovers.clear() else { return Watch.waitForTheEnd() }
            print(report.heading + "\n\n" + report.text)
            try report.write(to: options.output)
            try report.checkCounts()
        } catch {
            // Whoever breaks the run off makes it fail here, and ends the process.
            guard Leftovers.clear() else { return Watch.waitForTheEnd() }
            Progress.say("\(error)")
            exit(1)
        }
    }
}

/// Ends the run at a signal, or when it takes too long, and leaves nothing behind.
struct Watch {
    private let sources: [any DispatchSourceProtocol]

    init(timeLimitSeconds: Int) {
        let queue = DispatchQueue(label: "meterd-bench.watch")
        var sources: [any DispatchSourceProtocol] = []
        for number in [SIGINT, SIGTERM, SIGHUP] {
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
            source.setEventHandler { Watch.breakOff("stopped by signal \(number)", 128 + number) }
            source.resume()
            sources.append(source)
        }
        let timer = DispatchSource.makeTimerSource(queue: queue)
        timer.schedule(deadline: .now() + .seconds(timeLimitSeconds))
        timer.setEventHandler { Watch.breakOff("more than \(timeLimitSeconds) s: given up", 75) }
        timer.resume()
        self.sources = sources + [timer]
    }

    /// Watches no longer.
    func end() {
        for source in sources { source.cancel() }
    }

    /// For a thread that has lost its daemon to `breakOff`.
    static func waitForTheEnd() {
        while true { sleep(60) }
    }

    private static func breakOff(_ reason: String, _ code: Int32) {
        Progress.say(reason)
        guard Leftovers.clear() else { return }
        exit(code)
    }
}
