import Quantities

extension AccountBook {
    /// How many places for organisations there are.
    public var slotCount: Int { organisations.count }

    /// Asks for an organisation's memory, some requests before it is needed.
    ///
    /// - Parameter org: Its number; one that does not exist does no harm.
    @inline(__always)
    public func prefetch(_ org: UInt32) {
        let slot = Int(org / AccountBook.partitions)
        guard slot < organisations.count else { return }
        Prefetch.bytes(organisations.pointer(slot), count: MemoryLayout<Organisation>.size)
    }

    /// Asks for the memory of an organisation's first grant and first key; to be called when what
    /// `prefetch` asked for has arrived.
    ///
    /// - Parameter org: Its number; one that does not exist does no harm.
    @inline(__always)
    public func prefetchParts(_ org: UInt32) {
        let slot = Int(org / AccountBook.partitions)
        guard slot < organisations.count else { return }
        let organisation = organisations.pointer(slot)
        organisation.pointee.grants.withUnsafeBufferPointer { grants in
            // The array's own words, such as its count, lie before its elements.
            if let base = grants.baseAddress {
                Prefetch.bytes(UnsafeRawPointer(base) - 32, count: 32 + MemoryLayout<Grant>.size)
            }
        }
        organisation.pointee.keys.withUnsafeBufferPointer { keys in
            if let base = keys.baseAddress {
                Prefetch.bytes(UnsafeRawPointer(base) - 32, count: 32 + MemoryLayout<KeyState>.size)
            }
        }
    }
}
