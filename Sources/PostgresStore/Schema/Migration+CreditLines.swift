extension Migration {
    /// The ledger's lines that charge nothing, which are few, are found without those of machines,
    /// which are many.
    static let creditLines = """
        CREATE INDEX ledger_lines_credits ON ledger_lines (org, line) WHERE kind <> 'machine';
        """
}
