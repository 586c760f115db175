/// Which models a caller may hear of.
public struct ModelVisibility: Sendable, Hashable {
    private let models: [String]?

    /// - Parameter models: as `AccessGrant.models` has them; `nil` is all.
    private init(models: [String]?) { self.models = models }

    /// - Parameter caller: `nil` where nobody is asked for a key.
    public init(of caller: AccessCaller?) { models = caller?.grant.models }

    public static let all = ModelVisibility(models: nil)
    public static let none = ModelVisibility(models: [])

    public var isAll: Bool { models == nil }

    public func shows(_ model: String) -> Bool { AccessGrant(verbs: [], models: models).reaches(model) }
}
