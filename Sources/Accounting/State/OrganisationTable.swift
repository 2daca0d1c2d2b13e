import Quantities

/// The organisations of a book, by slot.
///
/// Layout:      pages of 4,096, which never move: growing copies nothing. A place is a whole number
///              of cache lines, and a page a whole number of large memory pages.
/// Cost:        two loads for an organisation; no check of ownership or overlapping access, which
///              arrays in arrays pay at every step of a debit. A page is in large memory from the
///              beginning, but the first one only when a quarter of it is in use: a book of
///              few organisations takes what they need, and one of many wastes at most a page.
/// Queue:       its book's.
struct OrganisationTable: ~Copyable {
    private static let pageBits = 12
    private static let pageCount = 1 << pageBits
    /// From how many organisations on the first page is in large memory.
    private static let enough = pageCount / 4
    /// What an organisation takes.
    static var placeBytes: Int { (MemoryLayout<Organisation>.size + 63) & ~63 }
    private static var pageBytes: Int { LargeMemory.rounded(placeBytes << pageBits) }

    private var pages: UnsafeMutablePointer<UnsafeMutableRawPointer>
    private var pageCapacity = 16
    private(set) var count = 0

    init() {
        pages = .allocate(capacity: pageCapacity)
    }

    deinit {
        for slot in indices { pointer(slot).deinitialize(count: 1) }
        for page in 0..<pagesUsed {
            LargeMemory.deallocate(pages[page], byteCount: OrganisationTable.pageBytes)
        }
        pages.deallocate()
    }

    private var pagesUsed: Int {
        (count + OrganisationTable.pageCount - 1) >> OrganisationTable.pageBits
    }

    var indices: Range<Int> { 0..<count }

    /// Where an organisation lies, for ever.
    @inline(__always)
    func pointer(_ slot: Int) -> UnsafeMutablePointer<Organisation> {
        invariant(slot >= 0 && slot < count, "a slot is one of the table's")
        return place(slot)
    }

    @inline(__always)
    private func place(_ slot: Int) -> UnsafeMutablePointer<Organisation> {
        let inPage = slot & (OrganisationTable.pageCount - 1)
        return (pages[slot >> OrganisationTable.pageBits] + inPage * OrganisationTable.placeBytes)
            .assumingMemoryBound(to: Organisation.self)
    }

    subscript(slot: Int) -> Organisation {
        // Addresses, not coroutines, whose frames are taken from the heap where nothing is inlined.
        @inline(__always) unsafeAddress { UnsafePointer(pointer(slot)) }
        @inline(__always) nonmutating unsafeMutableAddress { pointer(slot) }
    }

    mutating func append(_ organisation: Organisation) {
        if count & (OrganisationTable.pageCount - 1) == 0 { addPage(pagesUsed) }
        if count == OrganisationTable.enough {
            LargeMemory.useLargePages(pages[0], byteCount: OrganisationTable.pageBytes)
        }
        place(count).initialize(to: organisation)
        count += 1
    }

    private mutating func addPage(_ page: Int) {
        if page == pageCapacity {
            let more = UnsafeMutablePointer<UnsafeMutableRawPointer>
                .allocate(capacity: pageCapacity * 2)
            more.moveInitialize(from: pages, count: pageCapacity)
            pages.deallocate()
            pages = more
            pageCapacity *= 2
        }
        let memory = LargeMemory.allocate(byteCount: OrganisationTable.pageBytes)
        if page > 0 {
            LargeMemory.useLargePages(memory, byteCount: OrganisationTable.pageBytes)
        }
        (pages + page).initialize(to: memory)
    }
}
