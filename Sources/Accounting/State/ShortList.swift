import Quantities

/// A list whose first elements lie in its owner's own memory.
///
/// Layout:      `rest | count | element 0 | ... | element places - 1`; what does not fit lies in
///              `rest`.
/// Invariants:  `rest` is empty unless all places are taken; a place beyond `count` may hold
///              anything.
/// Cost:        no look at `rest`, and no allocation, for the first `places` elements.
/// Why:         nearly every wallet has one or two grants, a cap and a key. In arrays each of
///              them would be a piece of memory to wait for at every debit.
public struct ShortList<let places: Int, Element> {
    private var rest: [Element] = []
    private var taken: UInt32 = 0
    private var near: InlineArray<places, Element>

    /// Makes an empty list.
    ///
    /// - Parameter blank: What fills the places that are free.
    init(blank: Element) {
        near = InlineArray(repeating: blank)
    }

    /// How many elements there are.
    @inline(__always)
    public var count: Int { Int(taken) }

    /// The element at an index below `count`.
    public subscript(index: Int) -> Element {
        @inline(__always)
        get {
            check(index)
            return index < places ? near[index] : rest[index - places]
        }
        @inline(__always)
        set {
            check(index)
            if index < places { near[index] = newValue } else { rest[index - places] = newValue }
        }
    }

    /// Changes an element where it lies.
    ///
    /// Why: an accessor that does so is a coroutine, whose frame may come from the heap.
    @inline(__always)
    mutating func update<Result>(_ index: Int, _ change: (inout Element) -> Result) -> Result {
        check(index)
        return index < places ? change(&near[index]) : change(&rest[index - places])
    }

    @inline(__always)
    private func check(_ index: Int) {
        invariant(index >= 0 && index < count, "an index of a list is below its count")
    }

    mutating func append(_ element: Element) {
        insert(element, at: count)
    }

    /// Puts an element before the one at an index, or at the end.
    mutating func insert(_ element: Element, at index: Int) {
        invariant(index >= 0 && index <= count, "an element is put in or behind a list")
        taken += 1
        var carried = element
        var place = index
        while place < places, place < count {
            swap(&near[place], &carried)
            place += 1
        }
        // What was pushed out of the last place, or did not belong there.
        if count > places { rest.insert(carried, at: index > places ? index - places : 0) }
    }

    mutating func remove(at index: Int) {
        check(index)
        taken -= 1
        var place = index
        while place + 1 < places, place < count {
            near[place] = near[place + 1]
            place += 1
        }
        guard count >= places else { return }
        let next = rest.remove(at: index > places ? index - places : 0)
        if index < places { near[places - 1] = next }
    }

    mutating func removeAll() {
        taken = 0
        rest = []
    }

    mutating func removeAll(where isUnwanted: (Element) -> Bool) {
        for index in indices.reversed() where isUnwanted(self[index]) { remove(at: index) }
    }
}

extension ShortList: RandomAccessCollection {
    /// The first index.
    public var startIndex: Int { 0 }
    /// The index behind the last one.
    public var endIndex: Int { count }
}

extension ShortList: Sendable where Element: Sendable {}

extension ShortList: Equatable where Element: Equatable {
    /// Whether two lists have equal elements; what lies in free places does not matter.
    public static func == (left: ShortList, right: ShortList) -> Bool {
        left.elementsEqual(right)
    }
}

extension ShortList: Hashable where Element: Hashable {
    /// Takes in the elements.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(count)
        for element in self { hasher.combine(element) }
    }
}
