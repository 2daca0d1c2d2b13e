import Quantities

/// The demonstration's lines.
enum DemoText {
    /// How far the wallet has burnt down.
    static func burnDown(balance: Amount, of whole: Amount, _ state: DemoBoard.State) -> String {
        let width = 30
        var filled = 0
        if balance.isPositive, whole.isPositive {
            filled = Int(balance.units * Int128(width) / whole.units)
        }
        let bar = String(repeating: "#", count: min(width, filled))
        let space = String(repeating: ".", count: width - min(width, filled))
        return "[\(bar)\(space)] \(balance) credits, \(Figures.count(state.sent)) requests, "
            + "\(Figures.count(state.granted)) asked for and granted, "
            + "\(Figures.count(state.refused)) refused"
    }

    /// The proof's figures.
    static func figures(_ outcome: DemoOutcome) -> String {
        "sent \(Figures.count(outcome.sent)) \(sign(outcome.sent, outcome.applied)) "
            + "applied \(Figures.count(outcome.applied)) "
            + "\(sign(outcome.applied, outcome.journaled)) "
            + "journaled \(Figures.count(outcome.journaled)) "
            + "\(sign(outcome.journaled, outcome.stored)) stored \(Figures.count(outcome.stored))"
    }

    private static func sign(_ left: UInt64, _ right: UInt64) -> String {
        left == right ? "=" : "!="
    }
}
