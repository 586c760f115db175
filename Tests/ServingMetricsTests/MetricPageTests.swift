import Testing

@testable import ServingMetrics

@Suite struct MetricPageTests {
    @Test func `a counter has its type line and one line for each cell, in order`() {
        let registry = MetricRegistry()
        let family = registry.counter("/test/path/total", labels: ["name", "status"])
        family.cell(["b", "OK"]).increment(by: 2)
        family.cell(["a", "OK"]).increment()
        family.cell(["a", "NOT_FOUND"]).increment(by: 3)
        #expect(
            page(registry) == """
                # TYPE :test:path:total counter
                :test:path:total{name="a",status="NOT_FOUND"} 3
                :test:path:total{name="a",status="OK"} 1
                :test:path:total{name="b",status="OK"} 2

                """
        )
    }

    @Test func `a gauge shows what it was set to, also zero`() {
        let registry = MetricRegistry()
        registry.gauge("/test/gauge", labels: ["x", "y"]).cell(["abc", "def"]).set(5)
        registry.gauge("/test/zero").cell([]).set(0)
        #expect(
            page(registry) == """
                # TYPE :test:gauge gauge
                :test:gauge{x="abc",y="def"} 5
                # TYPE :test:zero gauge
                :test:zero{} 0

                """
        )
    }

    @Test func `a histogram's buckets are cumulative and a value on a bound counts above it`() {
        let registry = MetricRegistry()
        let bounds = HistogramBounds.exponential(first: 1, factor: 2, count: 4)
        let family = registry.histogram("/test/path/histogram", labels: ["status"], bounds: bounds)
        for value: Int64 in [0, 2, 3, 7, 8, 200] { family.cell(["good"]).record(value) }
        #expect(
            page(registry) == """
                # TYPE :test:path:histogram histogram
                :test:path:histogram_bucket{status="good",le="1"} 1
                :test:path:histogram_bucket{status="good",le="2"} 1
                :test:path:histogram_bucket{status="good",le="4"} 3
                :test:path:histogram_bucket{status="good",le="8"} 4
                :test:path:histogram_bucket{status="good",le="+Inf"} 6
                :test:path:histogram_sum{status="good"} 220
                :test:path:histogram_count{status="good"} 6

                """
        )
    }

    @Test func `a histogram without labels has only le`() {
        let registry = MetricRegistry()
        registry.histogram("/h", bounds: HistogramBounds([1.5])).cell([]).record(1_234_567)
        #expect(
            page(registry) == """
                # TYPE :h histogram
                :h_bucket{le="1.5"} 0
                :h_bucket{le="+Inf"} 1
                :h_sum{} 1.23457e+06
                :h_count{} 1

                """
        )
    }

    @Test func `families come in the order of their names and show their type when they have no cells`() {
        let registry = MetricRegistry()
        _ = registry.counter("/b")
        _ = registry.histogram("/a", bounds: HistogramBounds([1]))
        _ = registry.gauge("/B")
        #expect(page(registry) == "# TYPE :B gauge\n# TYPE :a histogram\n# TYPE :b counter\n")
    }

    @Test func `a cell that is only kept ready does not show`() {
        let registry = MetricRegistry()
        let family = registry.counter("/c", labels: ["x"])
        _ = family.cell(["ready"])
        family.cell(["used"]).increment()
        #expect(page(registry) == "# TYPE :c counter\n:c{x=\"used\"} 1\n")
    }

    @Test(arguments: [
        ("/tensorflow/serving/request_count", ":tensorflow:serving:request_count"),
        ("0/path-total_count", "_0:path:total_count"),
        ("/é", ":::"),
    ])
    func `metric names keep letters, digits and underscores`(name: String, expected: String) {
        #expect(MetricPage.metricName(name) == expected)
    }

    @Test(arguments: [("my-name+1", "my_name_1"), ("1st", "_1st"), ("API", "API")])
    func `label names keep letters and digits`(name: String, expected: String) {
        #expect(MetricPage.labelName(name) == expected)
    }

    @Test(arguments: [
        (#""abc\""#, #"\"abc\\\""#), ("a\nb", #"a\nb"#), ("a\r\nb", "a\r\\nb"), ("ü,{}=", "ü,{}="),
    ])
    func `label values escape backslash, quote and line feed`(value: String, expected: String) {
        #expect(MetricPage.labelList(["x"], [value]) == "x=\"\(expected)\"")
    }

    @Test(arguments: [
        (0.0, "0"), (10.0, "10"), (58.32, "58.32"), (188.9568, "188.957"), (1_474_760_000.0, "1.47476e+09"),
        (123_456.0, "123456"), (1_234_567.0, "1.23457e+06"), (100_000.0, "100000"), (1_000_000.0, "1e+06"),
    ])
    func `numbers have six significant digits`(value: Double, expected: String) {
        #expect(sixDigits(value) == expected)
    }

    private func page(_ registry: MetricRegistry) -> String { String(decoding: registry.page(), as: UTF8.self) }
}
