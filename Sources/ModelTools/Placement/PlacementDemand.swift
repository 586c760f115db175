public import Servables

/// A model version that needs a place.
public struct PlacementDemand: Sendable, Hashable {
    public var id: ServableID
    /// Memory that one replica takes.
    public var bytes: Int
    /// How much it is used, in any unit that is the same for all: requests a second times their cost. Replicas share it.
    public var load: Double
    /// Copies, each on a device of its own; at least 1.
    public var replicas: Int
    /// More copies may be made, up to this, while its load is more than one device's fair share and there is memory.
    public var maximumReplicas: Int
    /// The devices of its first replicas, as someone decided; the plan never puts these elsewhere.
    public var pins: [String]
    /// All demands with the same text go to one device.
    public var together: String?
    /// No two demands with the same text go to one device.
    public var apart: String?
    /// Where `bytes` comes from.
    public var size: Size
    /// Has a place only where there is room beside all others, in the order of the question: nothing moves for it.
    public var isOptional: Bool

    public enum Size: String, Sendable, Hashable {
        /// As somebody wrote it down.
        case given
        /// From its files.
        case estimated
        /// By what the process grew when it was loaded.
        case measured
    }

    public init(
        id: ServableID,
        bytes: Int,
        load: Double = 1,
        replicas: Int = 1,
        maximumReplicas: Int = 1,
        pins: [String] = [],
        together: String? = nil,
        apart: String? = nil,
        size: Size = .given,
        isOptional: Bool = false
    ) {
        self.id = id
        self.bytes = max(bytes, 0)
        self.load = load.isFinite ? max(load, 0) : 0
        self.replicas = max(replicas, pins.count, 1)
        self.maximumReplicas = max(maximumReplicas, self.replicas)
        self.pins = pins
        self.together = together
        self.apart = apart
        self.size = size
        self.isOptional = isOptional
    }

    /// With numbers that make sense together, whatever was set later.
    var completed: PlacementDemand {
        PlacementDemand(
            id: id,
            bytes: bytes,
            load: load,
            replicas: replicas,
            maximumReplicas: maximumReplicas,
            pins: pins,
            together: together,
            apart: apart,
            size: size,
            isOptional: isOptional
        )
    }
}
