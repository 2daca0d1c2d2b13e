@testable import meterctl
import Testing

/// Goal: every verb explains itself with an example.
///
/// Method: the help of each.
@Suite struct HelpTests {
    static let verbs = [
        "status", "org", "org create", "org show", "org list", "org close", "project",
        "project create", "project list", "key", "key create", "key list", "key rotate",
        "key revoke", "grant", "cap", "cap set", "cap clear", "cap list", "balance",
        "transactions", "usage", "audit", "rates", "rates check", "rates import", "rates diff",
        "rates show", "rates reload", "config", "config check", "migrate", "send", "authorize",
        "watch", "demo", "plan", "plan set", "plan show", "coupon", "coupon redeem",
        "coupon list", "billing", "billing set", "billing show", "adjust", "invoice",
        "refund", "alerts", "alerts list", "alerts settings", "alerts set", "alerts reset",
        "purchase", "purchase create", "purchase confirm", "purchase fail",
        "purchase list", "purchase show", "receipt", "topup", "topup set", "topup on",
        "topup off", "topup show", "runway", "spend", "top", "export", "suggestions", "rerate",
        "machine", "machine list", "machine orders", "machine start", "machine report", "credits",
    ]

    @Test(arguments: verbs)
    func `a verb's help has an example of it`(verb: String) async {
        let result = await Terminal.run("\(verb) --help")
        #expect(result.code == 0)
        #expect(result.out.contains("Example"))
        #expect(result.out.contains("  meterctl \(verb)"), "\(result.out)")
    }

    @Test func `all verbs are in the overview`() async {
        let result = await Terminal.run("--help")
        for verb in HelpTests.verbs where !verb.contains(" ") {
            #expect(result.out.contains("\n  \(verb) "), "\(verb)")
        }
    }

    @Test func `the version is told`() async {
        let result = await Terminal.run("--version")
        #expect(result.out == "meterctl \(Version.text)\n")
    }
}
