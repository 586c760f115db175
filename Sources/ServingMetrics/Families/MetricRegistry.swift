import Synchronization

/// Every metric of a server, by name. One for each server, so that servers in one process do not mix.
public final class MetricRegistry: Sendable {
    private let limits: MetricLimits
    private let families = Mutex<[String: any CollectedFamily]>([:])

    public init(limits: MetricLimits = MetricLimits()) { self.limits = limits }

    /// Adds a metric. A name is added once.
    public func counter(_ name: String, labels: [String] = []) -> MetricFamily<Counter> {
        add(MetricFamily(name: name, labels: labels, limits: limits) { Counter() })
    }

    /// As `counter`.
    public func gauge(_ name: String, labels: [String] = []) -> MetricFamily<Gauge> {
        add(MetricFamily(name: name, labels: labels, limits: limits) { Gauge() })
    }

    /// As `counter`.
    public func histogram(
        _ name: String,
        labels: [String] = [],
        bounds: HistogramBounds
    ) -> MetricFamily<Histogram> {
        add(MetricFamily(name: name, labels: labels, limits: limits) { Histogram(bounds: bounds) })
    }

    private func add<Cell>(_ family: MetricFamily<Cell>) -> MetricFamily<Cell>
    where MetricFamily<Cell>: CollectedFamily {
        families.withLock { families in
            precondition(families.updateValue(family, forKey: family.name) == nil, "\(family.name) is added twice")
        }
        return family
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
