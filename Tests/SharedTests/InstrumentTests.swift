import Shared
import Testing

@Suite struct `What is counted` {
    @Test func `in a part of a counter or histogram counts in the whole`() {
        let counter = Counter()
        let parts = [counter.part(), counter.part()]
        counter.add()
        parts[0].add(2)
        parts[1].part().add(4)
        #expect(counter.value == 7)
        #expect(parts.map(\.value) == [2, 4])

        let histogram = Histogram(bounds: [1, 10])
        histogram.observe(0.5)
        histogram.part().observe(5)
        histogram.part().observe(50)
        #expect(histogram.bucketCounts == [1, 1, 1])
        #expect(histogram.sum == 55.5)
    }
}
