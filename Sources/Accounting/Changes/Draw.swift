import Quantities

/// The number of a grant within its organisation, from 1; 0 stands for debt.
public typealias GrantNumber = UInt32

/// A part of an amount and the grant it is taken from.
public struct Draw: Sendable, Hashable {
    /// The grant, or 0 where no grant was left and the wallet went into debt.
    public var grant: GrantNumber
    /// How much.
    public var amount: Amount

    /// Names a part of an amount.
    ///
    /// - Parameters:
    ///   - grant: The grant, or 0 for debt.
    ///   - amount: How much.
    public init(grant: GrantNumber, amount: Amount) {
        self.grant = grant
        self.amount = amount
    }
}

/// Where an amount comes from, in the order in which it was taken.
///
/// Why: nearly every amount comes from one grant, and that one needs no allocation; corrections
/// and refunds go back along this list, last source first, never by today's burn order.
public struct Draws: Sendable, Hashable {
    /// The first source; meaningless while `count` is 0.
    public private(set) var first = Draw(grant: 0, amount: .zero)
    private var rest: [Draw] = []
    /// How many sources there are.
    public private(set) var count = 0

    /// An empty list.
    public init() {}

    /// The source at an index below `count`.
    public subscript(index: Int) -> Draw {
        index == 0 ? first : rest[index - 1]
    }

    /// Adds a source at the end.
    ///
    /// - Parameter draw: The next source.
    public mutating func append(_ draw: Draw) {
        if count == 0 {
            first = draw
        } else {
            rest.append(draw)
        }
        count += 1
    }

    /// The sum of all parts.
    public var total: Amount {
        var sum = Amount.zero
        for index in 0..<count { sum += self[index].amount }
        return sum
    }

    /// Lowers a part after some of it went elsewhere.
    ///
    /// - Parameters:
    ///   - index: Which part.
    ///   - amount: What is left of it.
    mutating func set(_ index: Int, to amount: Amount) {
        if index == 0 {
            first.amount = amount
        } else {
            rest[index - 1].amount = amount
        }
    }
}
