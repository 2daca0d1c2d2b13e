import ArgumentParser

/// The command line of meterd.
@main
struct Meterctl: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "meterctl",
        abstract: "Administers meterd, the metering daemon.",
        discussion: """
            Examples:
              meterctl status
              meterctl org create acme --zone Europe/Berlin
              meterctl key create acme main
              meterctl grant acme 100 --class purchased --reference "invoice 7"
              meterctl balance acme

            Exit codes: 0 done; 1 the answer is no; 64 wrong usage; 69 meterd is not reached;
            70 a bug; 74 the output cannot be written; 75 try again later; 78 a file is wrong.
            """,
        version: "meterctl \(Version.text)",
        groupedSubcommands: [
            CommandGroup(
                name: "Account",
                subcommands: [
                    OrganisationCommand.self, ProjectCommand.self, KeyCommand.self,
                    PlanCommand.self, BillingCommand.self, CapCommand.self, AlertsCommand.self,
                ]
            ),
            CommandGroup(
                name: "Credit",
                subcommands: [
                    BalanceCommand.self, GrantCommand.self, PurchaseCommand.self,
                    ReceiptCommand.self, TopUpCommand.self, CouponCommand.self,
                    RefundCommand.self, AdjustCommand.self, InvoiceCommand.self,
                ]
            ),
            CommandGroup(
                name: "Usage and spend",
                subcommands: [
                    TransactionsCommand.self, UsageCommand.self, CreditsCommand.self,
                    RunwayCommand.self, SpendCommand.self, TopCommand.self, SuggestionsCommand.self,
                    ExportCommand.self,
                ]
            ),
            CommandGroup(
                name: "Request and machine",
                subcommands: [
                    AuthorizeCommand.self, SendCommand.self, MachineCommand.self,
                    WatchCommand.self,
                ]
            ),
            CommandGroup(
                name: "Daemon and books",
                subcommands: [
                    StatusCommand.self, AuditCommand.self, RatesCommand.self,
                    RerateCommand.self, ConfigCommand.self, MigrateCommand.self,
                    DemoCommand.self,
                ]
            ),
        ]
    )

    static func main() async {
        let code = await run(Array(CommandLine.arguments.dropFirst()))
        if case .failed(let reason) = Console.close(), code == 0 {
            let failure = Failure.unwritten(reason)
            Console.hint("meterctl: \(failure.message)")
            exit(withStatus: failure.status.rawValue)
        }
        exit(withStatus: code)
    }

    /// Runs a command line and tells the exit code; every line goes to the task's console.
    static func run(_ arguments: [String]) async -> Int32 {
        do {
            var command = try parseAsRoot(arguments)
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
            if case .failed(let reason) = Console.current.trouble() {
                throw Failure.unwritten(reason)
            }
            return 0
        } catch let failure as Failure {
            Console.hint("meterctl: \(failure.message)")
            return failure.status.rawValue
        } catch {
            let code = exitCode(for: error)
            let text = fullMessage(for: error)
            if !text.isEmpty {
                if code.isSuccess { Console.line(text) } else { Console.hint(text) }
            }
            return code.rawValue
        }
    }
}
