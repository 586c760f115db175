/// A copy of a model in memory that may serve several versions and names.
public struct SharedCopy: Sendable, Hashable {
    /// The same for all that it serves.
    public var number: UInt64
    /// Whether it was in memory when this version was loaded, or on its way there: the load was no load.
    public var wasThere: Bool

    public init(number: UInt64, wasThere: Bool) {
        self.number = number
        self.wasThere = wasThere
    }
}
