import Synchronization

/// All cells of one metric, by the values of its labels.
///
/// Looking a cell up takes a lock: hot paths look it up once and keep it. Cells live as long as their family. Their
/// number is bounded, as label values may come from requests: whatever comes beyond a bound is counted in one cell
/// whose label values all are `otherLabelValue`.
public final class MetricFamily<Cell: MetricCell>: Sendable {
    /// TensorFlow's name, like `/tensorflow/serving/request_count`.
    public let name: String
    public let labels: [String]
    private let limits: MetricLimits
    private let make: @Sendable () -> Cell
    private let state = Mutex(State())

    private struct State {
        var cells: [[String]: Cell] = [:]
        /// How many of them have label values that a client made up.
        var requested = 0
    }

    init(name: String, labels: [String], limits: MetricLimits, make: @escaping @Sendable () -> Cell) {
        self.name = name
        self.labels = labels
        self.limits = limits
        self.make = make
    }

    /// The cell for label values of our own: names of models we serve, paths, statuses.
    ///
    /// - Parameter values: one for each of `labels`.
    public func cell(_ values: [String]) -> Cell {
        precondition(values.count == labels.count, "\(name) has labels \(labels), not \(values)")
        return state.withLock { state in
            if let cell = state.cells[values] { return cell }
            guard state.cells.count < limits.cells else { return other(&state) }
            return add(values, &state)
        }
    }

    /// The cell for label values that a request brought and nothing vouches for.
    public func cell(requested values: [String]) -> Cell {
        precondition(values.count == labels.count, "\(name) has labels \(labels), not \(values)")
        return state.withLock { state in
            if let cell = state.cells[values] { return cell }
            guard state.requested < limits.requestedCells, values.allSatisfy(isPresentable) else {
                return other(&state)
            }
            state.requested += 1
            return add(values, &state)
        }
    }

    private func add(_ values: [String], _ state: inout State) -> Cell {
        let cell = make()
        state.cells[values] = cell
        return cell
    }

    private func other(_ state: inout State) -> Cell {
        let values = labels.map { _ in otherLabelValue }
        return state.cells[values] ?? add(values, &state)
    }

    private func isPresentable(_ value: String) -> Bool {
        value.utf8.count <= limits.requestedValueByteCount && !value.utf8.contains { $0 < 0x20 || $0 == 0x7F }
    }

    /// Takes cells out, by their label values. Who has kept one may go on recording into it, unseen.
    public func remove(where matches: ([String]) -> Bool) {
        state.withLock { state in
            for values in state.cells.keys where matches(values) { state.cells[values] = nil }
        }
    }

    /// Cells in which something was recorded, sorted by their label values.
    package func usedCells() -> [(values: [String], cell: Cell)] {
        let cells = state.withLock { $0.cells }
        return cells.filter { $0.value.isUsed }.map { ($0.key, $0.value) }
            .sorted { $0.values.lexicographicallyPrecedes($1.values) { $0.utf8.lexicographicallyPrecedes($1.utf8) } }
    }
}

/// Value of every label of the cell that takes what is beyond a family's bounds.
public let otherLabelValue = "__other__"

/// How many cells a family may have.
public struct MetricLimits: Sendable, Hashable {
    /// In all.
    public var cells = 65_536
    /// With label values that only requests brought.
    public var requestedCells = 256
    /// Bytes of one such label value.
    public var requestedValueByteCount = 128

    public init() {}
}
