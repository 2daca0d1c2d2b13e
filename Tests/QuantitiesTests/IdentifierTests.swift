import Quantities
import Testing

/// Goal: one hold has one name; token counts tell whether they are consistent.
@Suite struct IdentifierTests {
    @Test(arguments: [
        (UInt32(1), UInt64(1), "1-1"), (17, 42, "17-42"),
        (.max, .max, "4294967295-18446744073709551615"),
    ])
    func `a hold's name is read back`(org: UInt32, serial: UInt64, text: String) {
        let number = HoldNumber(org: OrgNumber(org), serial: serial)
        #expect(number.description == text)
        #expect(HoldNumber(text: text) == number)
    }

    @Test(arguments: [
        "", "-", "1", "1-", "-1", "1-2-3", "1--2", "0-1", "1-0", "+1-2", "1-+2", "01-2", "1-02",
        "a-b", "1-2 ", " 1-2", "4294967296-1", "1-18446744073709551616", "1_2", "١-٢",
    ])
    func `what is no hold's name is refused`(text: String) {
        #expect(HoldNumber(text: text) == nil)
    }

    @Test func `organisations are ordered by number`() {
        #expect(OrgNumber(2) < OrgNumber(10))
    }

    @Test(arguments: [
        (TokenCounts(), true),
        (TokenCounts(input: 10, cacheRead: 6, cacheWrite: 4, output: 3, reasoning: 3), true),
        (TokenCounts(input: 10, cacheRead: 6, cacheWrite: 5), false),
        (TokenCounts(output: 3, reasoning: 4), false),
        (TokenCounts(input: .max, cacheRead: .max, cacheWrite: 1), false),
        (TokenCounts(input: .max, cacheRead: .max), true),
    ])
    func `parts are contained in their totals`(counts: TokenCounts, isConsistent: Bool) {
        #expect(counts.isConsistent == isConsistent)
    }

    @Test func `an invariant that holds costs nothing and one that does not ends the process`()
        async
    {
        invariant(true, "all is well")
        await #expect(processExitsWith: .failure) { invariant(false, "all is not well") }
    }
}
