import ArgumentParser
import ControlPlane
import MeterClient
import Quantities
import Wire

struct MachineCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "machine",
        abstract: "Lists machines and their orders; asks and reports for a machine.",
        discussion: """
            A machine asks before it starts, tells every minute that it is there, and is ordered to
            stop when the credits do not carry it on. Samples of many: meterctl send.

            Examples:
              meterctl machine list acme
              meterctl machine orders acme
              meterctl machine start acme web --machine gpu-s
              meterctl machine report acme web --machine gpu-s --boot b1 --uptime-ms 60000
            """,
        subcommands: [List.self, Orders.self, Start.self, Report.self]
    )

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists deployments with their runs, burn and runway.",
            discussion: """
                Example:
                  meterctl machine list acme
                """
        )

        @Argument(help: "The organisation.")
        var organisation: String

        @OptionGroup var control: ControlOptions

        func run() async throws {
            let request = ControlRequest(.get, of: organisation, "machines")
            try await control.show(MachinesBody.self, request) { MachineText.table($0) }
        }
    }

    struct Orders: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists the orders that are not done.",
            discussion: """
                Example:
                  meterctl machine orders acme
                """
        )

        @Argument(help: "The organisation.")
        var organisation: String

        @OptionGroup var control: ControlOptions

        func run() async throws {
            let request = ControlRequest(.get, of: organisation, "orders")
            try await control.show(OrdersBody.self, request) { MachineText.orders($0.orders) }
        }
    }

    struct Start: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Asks whether a machine may start; exits with 1 when it is refused.",
            discussion: """
                What it needs first is held until its first sign of life: the first hour, or, where
                it is charged by what is allocated, which then must be said, the stop margin.

                Examples:
                  meterctl machine start acme web --machine gpu-s
                  meterctl machine start acme web --machine standard --vcpu-thousandths 2000 \
                    --memory-thousandths 4000 --storage-thousandths 20000
                """
        )

        @Argument(help: "The organisation that pays.")
        var organisation: String

        @Argument(help: "The deployment.")
        var deployment: String

        @Option(help: ArgumentHelp("The machine on the rate card.", valueName: "name"))
        var machine: String

        @OptionGroup var size: MachineSize
        @OptionGroup var data: DataOptions

        func run() async throws {
            var call = MachineStartCall(
                account: .org(organisation),
                deployment: deployment,
                machine: machine
            )
            call.vcpuThousandths = size.vcpuThousandths
            call.memoryThousandths = size.memoryThousandths
            call.storageThousandths = size.storageThousandths
            let path = data.path
            let outcome = try await Blocking.run { [call] in
                try Asking.outcome(of: call, path: path)
            }
            switch outcome {
            case .granted(let granted):
                Console.line("\(deployment) may start: \(granted.amount) credits are held.")
            case .refused(let refused):
                Console.line(refused.body.text)
                throw Failure(.negative, "Refused with HTTP status \(refused.status).")
            }
        }
    }

    struct Report: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Reports one sign of life of a machine, and waits until it is safe.",
            discussion: """
                Totals count since the boot; a new boot id begins a new run.

                Example:
                  meterctl machine report acme web --machine gpu-s --boot b1 --uptime-ms 60000
                """
        )

        @Argument(help: "The organisation that pays.")
        var organisation: String

        @Argument(help: "The deployment.")
        var deployment: String

        @Option(help: ArgumentHelp("The machine on the rate card.", valueName: "name"))
        var machine: String

        @Option(help: ArgumentHelp("The id of this boot.", valueName: "id"))
        var boot: String

        @Option(help: ArgumentHelp("Milliseconds that it is up since then.", valueName: "number"))
        var uptimeMs: UInt64

        @Flag(help: "It is stopped; otherwise it runs.")
        var stopped = false

        @OptionGroup var size: MachineSize

        @Option(help: ArgumentHelp("Bytes sent since this boot.", valueName: "number"))
        var sentBytes: UInt64?

        @OptionGroup var data: DataOptions

        func run() async throws {
            var sample = MeterClient.MachineSample(
                deployment: deployment,
                boot: boot,
                org: organisation,
                machine: machine,
                uptimeMilliseconds: uptimeMs
            )
            sample.isRunning = !stopped
            sample.vcpuThousandths = size.vcpuThousandths
            sample.memoryThousandths = size.memoryThousandths
            sample.storageThousandths = size.storageThousandths
            sample.sentBytes = sentBytes
            let path = data.path
            try await Blocking.run { [sample] in try MachineReport.send(sample, path: path) }
            Console.line("Reported and safe: \(deployment) of \(organisation).")
        }
    }
}

/// What is allocated to a machine; needed where it is charged by that.
struct MachineSize: ParsableArguments {
    @Option(help: ArgumentHelp("Its vCPUs, in thousandths.", valueName: "number"))
    var vcpuThousandths: UInt32?

    @Option(help: ArgumentHelp("Its memory, in thousandths of a GiB.", valueName: "number"))
    var memoryThousandths: UInt32?

    @Option(help: ArgumentHelp("Its storage, in thousandths of a GiB.", valueName: "number"))
    var storageThousandths: UInt32?
}

extension Asking {
    static func outcome(of call: MachineStartCall, path: String) throws -> AuthorizeOutcome {
        do throws(MeterClientError) {
            let connection = try MeterConnection(path: path)
            _ = try connection.append(call)
            return try answer(connection)
        } catch {
            throw Failure(error, path: path)
        }
    }
}

/// One sign of life on the data socket.
enum MachineReport {
    /// The longest name of a producer, in bytes.
    private static let longestName = 255

    /// A sequence of its own for each deployment of each organisation; the daemon does not wait for
    /// the next report of a producer whose name begins so.
    static func producer(_ sample: MeterClient.MachineSample) -> String {
        let begin = "meterctl-machine-"
        let name = "\(begin)\(sample.org)/\(sample.deployment)"
        if name.utf8.count <= longestName { return name }
        var digest = StateDigest()
        digest.combine(bytes: name.utf8)
        return begin + String(digest.value, radix: 16)
    }

    static func send(_ sample: MeterClient.MachineSample, path: String) throws {
        do throws(MeterClientError) {
            let connection = try MeterConnection(path: path)
            let welcome = try connection.hello(
                producer: producer(sample),
                timeout: .seconds(5)
            )
            let sequence = welcome.lastSequence + 1
            try connection.append(.machine(sample), sequence: sequence)
            while let message = try connection.receive(timeout: .seconds(5)) {
                switch message {
                case .ack(.sequence(let safe)) where safe >= sequence: return
                case .rejected(let rejection): throw .rejected(rejection)
                default: continue
                }
            }
            throw .timedOut
        } catch {
            throw Failure(error, path: path)
        }
    }
}

/// Machines for people.
enum MachineText {
    static func table(_ body: MachinesBody) -> String {
        var table = TextTable([
            ("DEPLOYMENT", .left), ("STATUS", .left), ("MACHINE", .left), ("RUN", .right),
            ("SINCE", .left), ("COST", .right), ("PER HOUR", .right), ("PAID UNTIL", .left),
            ("ORDER", .left),
        ])
        for machine in body.machines {
            table.add([
                machine.deployment,
                machine.reason.map { "\(machine.status): \($0)" } ?? machine.status,
                machine.machine ?? "",
                machine.run.map { "\($0)" } ?? "",
                machine.startedAt.map { "\($0)" } ?? "",
                "\(machine.cost)",
                "\(machine.burnPerHour)",
                machine.paidUntil.map { "\($0)" } ?? "",
                machine.order ?? "",
            ])
        }
        var text = table.text
        text += "Available \(body.available); \(body.burnPerHour) an hour"
        if let runway = body.runwayS { text += "; lasts \(runway) s" }
        return text + ".\n"
    }

    static func orders(_ orders: [OrderBody]) -> String {
        var table = TextTable([
            ("ORDER", .right), ("DEPLOYMENT", .left), ("ACTION", .left), ("REASON", .left),
            ("SINCE", .left),
        ])
        for order in orders {
            table.add([
                order.order, order.deployment, order.action, order.reason, "\(order.issuedAt)",
            ])
        }
        return table.text
    }
}
