/// A device and the bytes that versions may hold there.
public struct CacheDevice: Sendable, Hashable {
    /// As the engine calls it. Unique.
    public var name: String
    public var budget: Int

    public init(name: String, budget: Int) {
        self.name = name
        self.budget = budget
    }
}

/// What a model asks of the devices that it is loaded on. Where there are none it means nothing.
public struct DeviceWishes: Sendable, Hashable {
    /// The devices of its first copies: they are loaded nowhere else.
    public var pins: [String] = []
    /// Each is on a device of its own. One is enough to answer; the others come where there is room for them.
    public var copies = 1
    /// How much the model is used, compared with others.
    public var load = 1.0
    /// Models with the same text share a device.
    public var together: String?
    /// Models with the same text do not.
    public var apart: String?

    public init() {}

    /// Whether a version that is on these devices is where it should be.
    func allow(_ devices: [String]) -> Bool { zip(pins, devices).allSatisfy { $0 == $1 } }
}
