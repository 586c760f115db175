import Testing

@testable import ServingMetrics

@Suite struct MetricFamilyTests {
    @Test func `names that requests make up are bounded and the rest is counted in one cell`() {
        var limits = MetricLimits()
        limits.requestedCells = 3
        let family = MetricRegistry(limits: limits).counter("/c", labels: ["model_name", "status"])
        for number in 0..<10 { family.cell(requested: ["m\(number)", "NOT_FOUND"]).increment() }
        let cells = family.usedCells()
        #expect(
            cells.map(\.values) == [
                ["__other__", "__other__"], ["m0", "NOT_FOUND"], ["m1", "NOT_FOUND"], ["m2", "NOT_FOUND"],
            ]
        )
        #expect(cells.map(\.cell.value) == [7, 1, 1, 1])
    }

    @Test func `names of our own have room when made up ones have used theirs up`() {
        var limits = MetricLimits()
        limits.requestedCells = 1
        let family = MetricRegistry(limits: limits).counter("/c", labels: ["x"])
        family.cell(requested: ["junk"]).increment()
        family.cell(["model"]).increment()
        family.cell(requested: ["model"]).increment()
        #expect(family.usedCells().map(\.values) == [["junk"], ["model"]])
        #expect(family.usedCells().map(\.cell.value) == [1, 2])
    }

    @Test func `cells of our own are bounded too`() {
        var limits = MetricLimits()
        limits.cells = 2
        let family = MetricRegistry(limits: limits).counter("/c", labels: ["x"])
        for number in 0..<5 { family.cell(["\(number)"]).increment() }
        #expect(family.usedCells().map(\.values) == [["0"], ["1"], ["__other__"]])
    }

    @Test(arguments: ["a\nb", "a\u{0}", "\u{7F}", String(repeating: "x", count: 129)])
    func `a made up name that would spoil the page is not shown`(name: String) {
        let family = MetricRegistry().counter("/c", labels: ["x"])
        family.cell(requested: [name]).increment()
        #expect(family.usedCells().map(\.values) == [["__other__"]])
    }

    @Test func `an empty name is a name`() {
        let family = MetricRegistry().counter("/c", labels: ["x"])
        family.cell(requested: [""]).increment()
        #expect(family.usedCells().map(\.values) == [[""]])
    }

    @Test func `the increase is that of a metric's first cell`() {
        let registry = MetricRegistry()
        let family = registry.counter("/c", labels: ["x"])
        family.cell(["b"]).increment(by: 100)
        family.cell(["a"]).increment(by: 5)
        let empty = registry.counter("/empty")
        _ = registry.histogram("/h", bounds: HistogramBounds([1]))
        let increase = MetricIncrease(of: ["/c", "/empty", "/h", "/unknown", "/c"], in: registry)
        family.cell(["b"]).increment(by: 7)
        family.cell(["a"]).increment(by: 2)
        empty.cell([]).increment(by: 3)
        let values = increase.values()
        #expect(values.map(\.name) == ["/c", "/empty", "/h", "/unknown"])
        #expect(values.map(\.increase) == [2, 3, 0, 0])
    }

    @Test func `no addition of several threads is lost`() async {
        let counter = Counter()
        let histogram = Histogram(bounds: HistogramBounds([10, 100]))
        await withTaskGroup { group in
            for _ in 0..<8 {
                group.addTask {
                    for value in 0..<1000 {
                        counter.increment()
                        histogram.record(Int64(value % 200))
                    }
                }
            }
        }
        #expect(counter.value == 8000)
        #expect(histogram.counts == [400, 3600, 4000])
        #expect(histogram.sum == 8 * 5 * 199 * 100)
    }

    @Test(arguments: [(-5, 0), (9, 0), (10, 1), (17, 1), (18, 2), (32, 2), (33, 3), (Int64.max, 33)])
    func `values find their bucket`(value: Int64, bucket: Int) {
        let histogram = Histogram(bounds: .exponential(first: 10, factor: 1.8, count: 33))
        histogram.record(value)
        #expect(histogram.counts.firstIndex(of: 1) == bucket)
    }
}
