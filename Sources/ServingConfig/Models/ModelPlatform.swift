/// What a model's configuration says of the engine that is to serve it, in the two ways it may be said.
public struct ModelPlatform: Sendable, Hashable {
    /// The only one this server has, as TensorFlow Serving's.
    public static let tensorflow = ModelPlatform(name: "tensorflow")

    /// Empty when not given.
    public var name: String
    /// `model_type`, which names took the place of: 0 when not given, 1 for TensorFlow.
    public var deprecatedType: Int

    public init(name: String = "", deprecatedType: Int = 0) {
        self.name = name
        self.deprecatedType = deprecatedType
    }

    /// The platform's name, whichever way it is given; `nil` when it is given in no way, in both, or by a type that stands
    /// for none.
    public var resolvedName: String? {
        switch (name.isEmpty, deprecatedType) {
        case (false, 0): name
        case (true, 1): Self.tensorflow.name
        default: nil
        }
    }
}
