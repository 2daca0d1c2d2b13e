import Wire

/// Which organisations a connection speaks for: every `parts`th, beginning with `part`.
///
/// A connection knows at most 65,536 keys by number, so that a million need several.
struct Share: Sendable {
    var part = 0
    var parts = 1

    /// The number that the connection gives to the organisation's key.
    func index(of rank: Int) -> UInt32 { UInt32(rank / parts) }

    /// The secrets, in the order of their numbers.
    func keys(of organisations: Int) -> [String] {
        stride(from: part, to: organisations, by: parts).map(Population.secret)
    }
}

/// How a connection sends usage.
struct ProducerKind: Sendable {
    var encoding: WireEncoding = .binary
    var durability: Durability = .journaled
    /// Usage records in a frame, or lines in a write.
    var perFrame: Int
    /// How many different records there are before they come again with new numbers.
    var records = 65_536
    var share = Share()
}
