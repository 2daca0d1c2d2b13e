import Testing

@testable import Accounting

@Suite struct ShortListTests {
    @Test(arguments: 1...4)
    func `it is what an array is, whether its elements fit or not`(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var list = ShortList<2, Int>(blank: -1)
        var model: [Int] = []
        for value in 1...4_000 {
            switch random.below(7) {
            case 0, 1:
                let index = random.below(model.count + 1)
                list.insert(value, at: index)
                model.insert(value, at: index)
            case 2:
                list.append(value)
                model.append(value)
            case 3, 4:
                guard !model.isEmpty else { continue }
                let index = random.below(model.count)
                list.remove(at: index)
                model.remove(at: index)
            case 5:
                guard !model.isEmpty else { continue }
                let index = random.below(model.count)
                list[index] += 10_000
                model[index] += 10_000
            default:
                let divisor = random.below(40) + 2
                list.removeAll { $0 % divisor == 0 }
                model.removeAll { $0 % divisor == 0 }
            }
            #expect(Array(list) == model)
            #expect(list.count == model.count && list.first == model.first)
        }
        list.removeAll()
        #expect(list.isEmpty)
    }

    @Test func `what lies in free places does not make lists differ`() {
        var one = ShortList<2, Int>(blank: 0)
        var other = ShortList<2, Int>(blank: 7)
        #expect(one == other)
        for value in 1...3 {
            one.append(value)
            other.append(value)
        }
        one.remove(at: 1)
        #expect(one != other)
        other.remove(at: 1)
        #expect(one == other && one.hashValue == other.hashValue)
    }

    @Test func `a debit goes through few cache lines of an organisation`() {
        #expect(MemoryLayout<Grant>.stride == 64)
        #expect(OrganisationTable.placeBytes == 512)
        let offsets = [
            MemoryLayout<Organisation>.offset(of: \.posted),
            MemoryLayout<Organisation>.offset(of: \.today),
            MemoryLayout<Organisation>.offset(of: \.grants),
            MemoryLayout<Organisation>.offset(of: \.deadline),
            MemoryLayout<Organisation>.offset(of: \.keys),
        ]
        #expect(offsets.map { ($0 ?? -1) / 64 } == [0, 1, 2, 4, 5])
        #expect((MemoryLayout<Organisation>.offset(of: \.held) ?? 0) >= Organisation.debitBytes)
    }
}
