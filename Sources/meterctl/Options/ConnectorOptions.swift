import ArgumentParser

/// Who collects the money for credits.
struct ConnectorOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Who is asked for the payment; otherwise the offer's default.",
            valueName: "name"
        )
    )
    var connector: String?
}
