/// A sub-graph of a model, `MODEL:SUB_GRAPH`: the name of a servable, and of a node in a layout.
public struct SavedModelName: Sendable, Hashable, CustomStringConvertible {
    public let model: String
    /// `entry`, `ps_0`, `dense_0`, …
    public let subGraph: String

    /// `nil` when one of them is no name: empty, with a colon, a slash or a control character, or too long.
    public init?(model: String, subGraph: String) {
        guard NodeName.isOne(model), NodeName.isOne(subGraph), !model.utf8.contains(UInt8(ascii: ":")),
            !subGraph.utf8.contains(UInt8(ascii: ":"))
        else { return nil }
        self.model = model
        self.subGraph = subGraph
    }

    public init?(_ text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2 else { return nil }
        self.init(model: String(parts[0]), subGraph: String(parts[1]))
    }

    public var description: String { "\(model):\(subGraph)" }
}
