import Accounting
import Quantities
import Rating
import Rings

/// What the card in force says of a model, by the model's durable number.
///
/// Why: memory of its own, because at every event an array's owners would be counted.
struct Quotes: ~Copyable {
    struct Quote: BitwiseCopyable {
        /// The card's model; negative when it has none or was not asked yet.
        var model = Quotes.notAsked
        /// The version that applies from `from` on.
        var newest: Int32 = 0
        var from: Int64 = 0
        /// Whether the journal can explain the model and the price of the newest version.
        var isDeclared = false
    }

    private static let notAsked: Int32 = -2
    private static let absent: Int32 = -1

    private var quotes: UnsafeMutablePointer<Quote>
    private var capacity = 64

    init() {
        quotes = .allocate(capacity: capacity)
        quotes.initialize(repeating: Quote(), count: capacity)
    }

    deinit {
        quotes.deallocate()
    }

    /// What is known of a model, until the next call.
    ///
    /// It asks the card the first time.
    @inline(__always)
    mutating func quote(_ model: UInt32, _ pricing: Pricing) -> UnsafeMutablePointer<Quote> {
        let index = Int(model)
        if index < capacity, quotes[index].model != Quotes.notAsked { return quotes + index }
        return ask(index, model, pricing)
    }

    /// Forgets everything: another card is in force.
    mutating func removeAll() {
        quotes.update(repeating: Quote(), count: capacity)
    }

    @inline(never)
    private mutating func ask(
        _ index: Int,
        _ number: UInt32,
        _ pricing: Pricing
    ) -> UnsafeMutablePointer<Quote> {
        if index >= capacity { grow(toHold: index) }
        var quote = Quote()
        quote.model = Quotes.absent
        if let model = pricing.tableModel(number) {
            quote.model = Int32(model)
            if let newest = pricing.table.versions(of: model).last {
                quote.newest = Int32(newest)
                quote.from = pricing.table.effectiveFrom(ofVersion: newest).microseconds
            }
        }
        quotes[index] = quote
        return quotes + index
    }

    private mutating func grow(toHold index: Int) {
        var larger = capacity
        while larger <= index { larger *= 2 }
        let more = UnsafeMutablePointer<Quote>.allocate(capacity: larger)
        more.moveInitialize(from: quotes, count: capacity)
        (more + capacity).initialize(repeating: Quote(), count: larger - capacity)
        quotes.deallocate()
        quotes = more
        capacity = larger
    }
}

/// The books of a shard by partition, without counting an owner at every look-up.
///
/// Why: the shard holds the books as long as this, which only points to them.
struct BookPointers: ~Copyable {
    private let books: UnsafeMutablePointer<Unmanaged<AccountBook>?>

    init(_ books: [AccountBook?]) {
        invariant(books.count == Int(AccountBook.partitions), "there is a place for each partition")
        self.books = .allocate(capacity: books.count)
        for (partition, book) in books.enumerated() {
            (self.books + partition).initialize(to: book.map { .passUnretained($0) })
        }
    }

    deinit {
        books.deallocate()
    }

    /// Lends the book that an organisation is in.
    @inline(__always)
    func withBook<Result>(of org: UInt32, _ body: (AccountBook) -> Result) -> Result {
        guard let book = books[Int(AccountBook.partition(of: org))] else {
            invariantBroken("a command goes to the shard that owns its partition")
        }
        return book._withUnsafeGuaranteedRef(body)
    }
}

/// The rings of calls of every loop, without counting an owner at every look.
///
/// Why: the shard looks at them in the midst of usage. Held by the wiring as long as this.
struct CallRings: ~Copyable {
    private let rings: UnsafeMutablePointer<ByteRing>
    private let count: Int

    init(_ rings: [ByteRing]) {
        count = rings.count
        self.rings = .allocate(capacity: count)
        for (loop, ring) in rings.enumerated() { (self.rings + loop).initialize(to: ring) }
    }

    deinit {
        rings.deinitialize(count: count)
        rings.deallocate()
    }

    subscript(loop: Int) -> ByteRing { rings[loop] }

    /// Whether somebody has asked something that was not taken yet.
    @inline(__always)
    var isWaiting: Bool {
        for loop in 0..<count
        where rings[loop].publishedPosition != rings[loop].consumedPosition { return true }
        return false
    }
}
