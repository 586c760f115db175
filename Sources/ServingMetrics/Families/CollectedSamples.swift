/// A metric whose values somebody else keeps: they are read when the page is written.
public struct CollectedSamples: Sendable {
    public enum Kind: String, Sendable, Hashable {
        case counter
        case gauge
    }

    let name: String
    let labels: [String]
    let type: Kind
    let read: @Sendable () -> [(values: [String], value: Double)]
}

extension CollectedSamples: CollectedFamily {
    /// Not among what `HandleReloadConfigRequest` can ask for.
    var firstValue: Int64? { nil }

    func write(to page: inout MetricPage) { page.write(self) }
}
