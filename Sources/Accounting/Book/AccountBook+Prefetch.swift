import Quantities

extension AccountBook {
    /// How many places for organisations there are.
    public var slotCount: Int { organisations.count }

    /// Asks for what a debit touches of an organisation, some requests before it is needed.
    ///
    /// - Parameter org: Its number; one that does not exist does no harm.
    @inline(__always)
    public func prefetch(_ org: UInt32) {
        let slot = Int(org / AccountBook.partitions)
        guard slot < organisations.count else { return }
        Prefetch.bytes(organisations.pointer(slot), count: Organisation.debitBytes)
    }
}

extension Organisation {
    /// Up to where a debit goes, but for what does not fit the places for a cap and a key.
    static let debitBytes = 320
}
