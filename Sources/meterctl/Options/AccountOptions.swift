import ArgumentParser
import MeterClient

/// Who pays: a key, or an organisation by its name.
struct AccountOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The API key that pays.",
            discussion: "Better in METERD_KEY than here, where others on this machine see it.",
            valueName: "secret"
        )
    )
    var key: String?

    @Option(help: ArgumentHelp("The organisation that pays, instead of a key.", valueName: "name"))
    var org: String?

    func validate() throws {
        if key != nil, org != nil { throw ValidationError("Give --key or --org, not both.") }
    }

    /// The account, or nil when none was named.
    var account: MeterAccount? {
        if let org { return .org(org) }
        if let key { return .key(key) }
        return Settled.environment("METERD_KEY").map { .key($0) }
    }

    /// The account, which must be named.
    func required() throws -> MeterAccount {
        guard let account else {
            throw ValidationError("Say who pays: --org NAME, --key SECRET or METERD_KEY.")
        }
        return account
    }
}
