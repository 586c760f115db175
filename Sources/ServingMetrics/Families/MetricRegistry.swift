import Synchronization

/// Every metric of a server, by name. One for each server, so that servers in one process do not mix.
public final class MetricRegistry: Sendable {
    private let limits: MetricLimits
    private let families = Mutex<[String: any CollectedFamily]>([:])

    public init(limits: MetricLimits = MetricLimits()) { self.limits = limits }

    /// Adds a metric. A name is added once.
    ///
    /// - Parameter limits: those of the registry unless the metric has its own.
    public func counter(
        _ name: String,
        labels: [String] = [],
        limits: MetricLimits? = nil
    ) -> MetricFamily<Counter> {
        add(MetricFamily(name: name, labels: labels, limits: limits ?? self.limits) { Counter() })
    }

    /// As `counter`.
    public func gauge(_ name: String, labels: [String] = []) -> MetricFamily<Gauge> {
        add(MetricFamily(name: name, labels: labels, limits: limits) { Gauge() })
    }

    /// As `counter`.
    public func histogram(
        _ name: String,
        labels: [String] = [],
        bounds: HistogramBounds,
        limits: MetricLimits? = nil
    ) -> MetricFamily<Histogram> {
        add(MetricFamily(name: name, labels: labels, limits: limits ?? self.limits) { Histogram(bounds: bounds) })
    }

    /// Adds a metric whose values are read when the page is written.
    ///
    /// - Parameter read: label values, one for each of `labels`, and the value that goes with them. Called on any thread.
    public func collect(
        _ name: String,
        labels: [String] = [],
        type: CollectedSamples.Kind,
        read: @escaping @Sendable () -> [(values: [String], value: Double)]
    ) {
        insert(CollectedSamples(name: name, labels: labels, type: type, read: read))
    }

    private func add<Cell>(_ family: MetricFamily<Cell>) -> MetricFamily<Cell>
    where MetricFamily<Cell>: CollectedFamily {
        insert(family)
        return family
    }

    private func insert(_ family: any CollectedFamily) {
        families.withLock { families in
            precondition(families.updateValue(family, forKey: family.name) == nil, "\(family.name) is added twice")
        }
    }

    /// All metrics, in the order of their names.
    var sortedFamilies: [any CollectedFamily] {
        families.withLock { Array($0.values) }.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    }

    /// The number in the first cell of a metric whose cells are whole numbers; `nil` for other metrics, unknown names
    /// and metrics without a cell.
    public func firstValue(of name: String) -> Int64? { families.withLock { $0[name] }?.firstValue }
}

/// What the page and readings need of a family, whatever its cells are.
protocol CollectedFamily: Sendable {
    var name: String { get }
    var labels: [String] { get }
    /// The value of the first cell, when cells are whole numbers.
    var firstValue: Int64? { get }
    func write(to page: inout MetricPage)
}

extension MetricFamily: CollectedFamily {
    var firstValue: Int64? { (usedCells().first?.cell as? any IntegerCell)?.value }

    func write(to page: inout MetricPage) { page.write(self) }
}
