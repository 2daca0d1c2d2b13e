import Quantities

/// The organisations of a book, by slot.
///
/// Layout:      pages of 1,024, which never move: growing copies nothing and wastes at most a page.
/// Cost:        two loads for an organisation; no check of ownership or overlapping access, which
///              arrays in arrays pay at every step of a debit.
/// Queue:       its book's.
struct OrganisationTable: ~Copyable {
    private static let pageBits = 10
    private static let pageCount = 1 << pageBits

    private var pages: UnsafeMutablePointer<UnsafeMutablePointer<Organisation>>
    private var pageCapacity = 16
    private(set) var count = 0

    init() {
        pages = .allocate(capacity: pageCapacity)
    }

    deinit {
        var left = count
        var page = 0
        while left > 0 {
            pages[page].deinitialize(count: min(left, OrganisationTable.pageCount))
            pages[page].deallocate()
            left -= OrganisationTable.pageCount
            page += 1
        }
        pages.deallocate()
    }

    var indices: Range<Int> { 0..<count }

    /// Where an organisation lies, for ever.
    @inline(__always)
    func pointer(_ slot: Int) -> UnsafeMutablePointer<Organisation> {
        invariant(slot >= 0 && slot < count, "a slot is one of the table's")
        return pages[slot >> OrganisationTable.pageBits]
            + (slot & (OrganisationTable.pageCount - 1))
    }

    subscript(slot: Int) -> Organisation {
        @inline(__always) _read { yield pointer(slot).pointee }
        @inline(__always) nonmutating _modify { yield &pointer(slot).pointee }
    }

    mutating func append(_ organisation: Organisation) {
        let page = count >> OrganisationTable.pageBits
        let place = count & (OrganisationTable.pageCount - 1)
        if place == 0 { addPage(page) }
        (pages[page] + place).initialize(to: organisation)
        count += 1
    }

    private mutating func addPage(_ page: Int) {
        if page == pageCapacity {
            let more = UnsafeMutablePointer<UnsafeMutablePointer<Organisation>>
                .allocate(capacity: pageCapacity * 2)
            more.moveInitialize(from: pages, count: pageCapacity)
            pages.deallocate()
            pages = more
            pageCapacity *= 2
        }
        (pages + page).initialize(to: .allocate(capacity: OrganisationTable.pageCount))
    }
}
