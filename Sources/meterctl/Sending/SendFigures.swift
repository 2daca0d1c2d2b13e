import Quantities

/// What became of a stream of events.
struct SendFigures: Sendable, Equatable {
    /// Given to the socket, each event once however often it went out.
    var sent: UInt64 = 0
    /// Safe by the daemon's word.
    var acked: UInt64 = 0
    /// Not taken, and never will be unchanged.
    var rejected: UInt64 = 0
    /// Sent before by the same producer: nothing was added for them.
    var alreadyThere: UInt64 = 0
    /// How often the connection had to be made again.
    var reconnects: UInt64 = 0
    /// How long it took.
    var nanoseconds: UInt64 = 0

    /// Sent a second.
    var rate: String { Figures.rate(sent, nanoseconds: nanoseconds) }

    /// The final figures for people.
    func text(producer: String) -> String {
        var list = TextList()
        list.add("producer", producer)
        list.add("sent", Figures.count(sent))
        list.add("acked", Figures.count(acked))
        list.add("rejected", Figures.count(rejected))
        list.add("already there", Figures.count(alreadyThere))
        if reconnects > 0 { list.add("reconnects", Figures.count(reconnects)) }
        list.add("took", Figures.seconds(nanoseconds: nanoseconds))
        list.add("rate", "\(rate) a second")
        return list.text
    }
}
