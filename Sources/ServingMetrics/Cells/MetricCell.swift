/// The numbers of one metric for one set of label values.
public protocol MetricCell: AnyObject, Sendable {
    /// Whether anything was ever recorded. A cell that is kept ready for a hot path is not shown before.
    var isUsed: Bool { get }
}

/// A cell with one whole number, as `ReloadConfigRequest.metric_names` can ask for.
public protocol IntegerCell: MetricCell {
    var value: Int64 { get }
}
