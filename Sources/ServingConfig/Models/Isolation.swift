import ServingPrimitives

extension ServerConfiguration.Model {
    /// Which process a model's engine runs in. Raw values are those of `apus.ModelOptions.Isolation`; one that stands for
    /// nothing is a problem of the configuration.
    public struct Isolation: RawRepresentable, Sendable, Hashable {
        /// In the server's own process.
        public static let none = Isolation(rawValue: 0)
        /// Each version in a process of its own, which may crash without taking anything else down.
        public static let process = Isolation(rawValue: 1)

        public var rawValue: Int

        public init(rawValue: Int) { self.rawValue = rawValue }

        /// What to tell a user whose model asks for something else than there is.
        func problem(of model: String) -> ServingError? {
            guard self != .none, self != .process else { return nil }
            return .invalidArgument(
                "Model \(model) asks for the isolation \(rawValue), which is not known; expected NONE (0) or PROCESS (1)"
            )
        }
    }
}
