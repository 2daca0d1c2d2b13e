import Rings
import Testing

@Suite struct CountersTests {
    @Test func `a counter adds up what is counted`() {
        let counter = PaddedCounter()
        counter.add()
        counter.add(41)
        #expect(counter.value == 42)
    }

    @Test func `a gauge goes up and down, below zero too`() {
        let gauge = PaddedGauge()
        gauge.set(5)
        gauge.add(-12)
        #expect(gauge.value == -7)
    }

    @Test func `a high-water mark is never lowered`() {
        let gauge = PaddedGauge()
        gauge.raise(to: 10)
        gauge.raise(to: 3)
        #expect(gauge.value == 10)
        gauge.raise(to: 11)
        #expect(gauge.value == 11)
    }
}
