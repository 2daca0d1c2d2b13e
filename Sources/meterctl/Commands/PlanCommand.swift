import ArgumentParser
import ControlPlane
import Quantities

struct PlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Puts organisations on plans of the system's file.",
        discussion: """
            Examples:
              meterctl plan set acme team
              meterctl plan set acme free --at period_end
              meterctl plan show acme
            """,
        subcommands: [Set.self, Show.self]
    )

    /// When a plan takes effect.
    enum Start: String, ExpressibleByArgument, CaseIterable {
        case now
        case periodEnd = "period_end"
    }

    struct Set: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Puts an organisation on a plan, at once or when its period ends.",
            discussion: """
                The plan's terms are written down with the account: what the system's file says
                later changes it only when the plan is set again.

                Examples:
                  meterctl plan set acme team
                  meterctl plan set acme free --at period_end
                """
        )

        @Argument(help: "The organisation.")
        var organisation: String

        @Argument(help: "The plan's name.")
        var plan: String

        @Option(help: ArgumentHelp("When it takes effect: now or period_end.", valueName: "when"))
        var at: Start = .now

        @OptionGroup var control: ControlOptions

        func run() async throws {
            var request = ControlRequest(.put, of: organisation, "plan")
            request.body = try Fields([("plan", plan), ("at", at.rawValue)]).json
            try await control.show(AccountPlanBody.self, request) { TermsText.plan($0) }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Shows an organisation's plan and its present period.",
            discussion: """
                Example:
                  meterctl plan show acme
                """
        )

        @Argument(help: "The organisation.")
        var organisation: String

        @OptionGroup var control: ControlOptions

        func run() async throws {
            let request = ControlRequest(.get, of: organisation, "plan")
            try await control.show(AccountPlanBody.self, request) { TermsText.plan($0) }
        }
    }
}

struct CouponCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "coupon",
        abstract: "Redeems coupons of the system's file, once for each account.",
        discussion: """
            Examples:
              meterctl coupon redeem acme WELCOME
              meterctl coupon list acme
            """,
        subcommands: [Redeem.self, List.self]
    )

    struct Redeem: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Redeems a coupon; the second time is refused with coupon_redeemed.",
            discussion: """
                Example:
                  meterctl coupon redeem acme WELCOME
                """
        )

        @Argument(help: "The organisation.")
        var organisation: String

        @Argument(help: "The code, letter for letter.")
        var code: String

        @OptionGroup var control: ControlOptions

        func run() async throws {
            var request = ControlRequest(.post, of: organisation, "coupons")
            request.body = try Fields([("code", code)]).json
            try await control.show(GrantReceiptBody.self, request) { body in
                "Coupon \(code) is redeemed: grant \(body.grant).\n"
                    + "Balance: \(body.wallet.posted), available: \(body.wallet.available)\n"
            }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists the coupons that an organisation has redeemed.",
            discussion: """
                Example:
                  meterctl coupon list acme
                """
        )

        @Argument(help: "The organisation.")
        var organisation: String

        @OptionGroup var control: ControlOptions

        func run() async throws {
            let request = ControlRequest(.get, of: organisation, "coupons")
            try await control.show(CouponsBody.self, request) { body in
                body.coupons.isEmpty
                    ? "No coupons.\n" : body.coupons.map { $0 + "\n" }.joined()
            }
        }
    }
}
