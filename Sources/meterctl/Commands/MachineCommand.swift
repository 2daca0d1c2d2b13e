import ArgumentParser
import ControlPlane
import MeterClient
import Wire

struct MachineCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "machine",
        abstract: "Lists machines and their orders, and reports a machine's sign of life.",
        discussion: """
            Examples:
              meterctl machine list acme
              meterctl machine orders acme
              meterctl machine report acme web --machine gpu-s --boot b1 --uptime-ms 60000
            """,
        subcommands: [List.self, Orders.self, Report.self]
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
            let request = ControlRequest(.get, "v1", "organisations", organisation, "machines")
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
            let request = ControlRequest(.get, "v1", "organisations", organisation, "orders")
            try await control.show(OrdersBody.self, request) { MachineText.orders($0.orders) }
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

        @Option(help: ArgumentHelp("How long it has been up since then.", valueName: "number"))
        var uptimeMs: UInt64

        @Flag(help: "It is stopped.")
        var stopped = false

        @Option(help: ArgumentHelp("Its vCPUs, in thousandths.", valueName: "number"))
        var vcpuThousandths: UInt32?

        @Option(help: ArgumentHelp("Its memory, in thousandths of a GiB.", valueName: "number"))
        var memoryThousandths: UInt32?

        @Option(help: ArgumentHelp("Its storage, in thousandths of a GiB.", valueName: "number"))
        var storageThousandths: UInt32?

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
            sample.vcpuThousandths = vcpuThousandths
            sample.memoryThousandths = memoryThousandths
            sample.storageThousandths = storageThousandths
            sample.sentBytes = sentBytes
            let path = data.path
            try await Blocking.run { [sample] in try MachineReport.send(sample, path: path) }
            Console.line("Reported and safe: \(deployment) of \(organisation).")
        }
    }
}

/// One sign of life on the data socket.
enum MachineReport {
    static func send(_ sample: MeterClient.MachineSample, path: String) throws {
        do throws(MeterClientError) {
            let connection = try MeterConnection(path: path)
            let welcome = try connection.hello(
                producer: "meterctl-machine-\(sample.deployment)",
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
