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

            Exit codes: 0 done; 1 the answer is no; 64 wrong usage; 69 meterd cannot be reached;
            70 a bug; 75 try again later; 78 a file is wrong.
            """,
        version: "meterctl \(Version.text)",
        subcommands: [
            StatusCommand.self, OrganisationCommand.self, ProjectCommand.self, KeyCommand.self,
            GrantCommand.self, CapCommand.self, BalanceCommand.self, TransactionsCommand.self,
            UsageCommand.self, AuditCommand.self, RatesCommand.self, ConfigCommand.self,
            MigrateCommand.self, SendCommand.self, AuthorizeCommand.self, WatchCommand.self,
            DemoCommand.self, MachineCommand.self, PurchaseCommand.self, ReceiptCommand.self,
            TopUpCommand.self, PlanCommand.self, CouponCommand.self, BillingCommand.self,
            AdjustCommand.self, InvoiceCommand.self, RefundCommand.self, AlertsCommand.self,
            RunwayCommand.self, SpendCommand.self, TopCommand.self, ExportCommand.self,
            SuggestionsCommand.self, RerateCommand.self,
        ]
    )

    static func main() async {
        let code = await run(Array(CommandLine.arguments.dropFirst()))
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
