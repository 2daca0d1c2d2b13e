/// How far a stream of events has come, for a person who watches.
enum ProgressBar {
    /// One line: a bar where the whole is known, then the figures.
    static func text(_ figures: SendFigures, part: SourceProgress) -> String {
        var text = ""
        if let total = part.totalBytes, total > 0 {
            let percent = Int(min(100, part.doneBytes * 100 / total))
            let filled = percent * 30 / 100
            let bar = String(repeating: "=", count: filled)
            text += "[" + bar + String(repeating: " ", count: 30 - filled) + "] "
            text += String(repeating: " ", count: percent < 10 ? 2 : percent < 100 ? 1 : 0)
            text += "\(percent) %  "
        }
        text += "\(Figures.count(figures.sent)) sent, \(Figures.count(figures.acked)) acked"
        if figures.rejected > 0 { text += ", \(Figures.count(figures.rejected)) rejected" }
        return text + ", \(figures.rate) a second"
    }
}
