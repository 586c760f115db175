import ServingPrimitives

extension ServerConfiguration.Model {
    /// What a model asks of the plan that puts models on devices. Without such a plan it means nothing.
    public struct Placement: Sendable, Hashable {
        /// The devices of its first replicas: pins. Names as `DeviceName` reads them.
        public var devices: [String] = []
        /// Copies, each on a device of its own.
        public var replicas = 1
        /// How much it is used, compared with other models.
        public var load = 1.0
        /// Models with the same text go to one device; empty is none.
        public var together = ""
        /// Models with the same text go to different devices; empty is none.
        public var apart = ""

        public init() {}

        private static let maximumReplicas = 1024

        /// What to tell a user whose model asks for what cannot be.
        func problems(of model: String) -> [ServingError] {
            var problems = devices.filter { DeviceName($0) == nil }.map { name in
                "Model \(model) asks for the device \"\(name)\", which is no name of one; expected one like CPU:2 or GPU:0"
            }
            if !(1...Self.maximumReplicas).contains(replicas) {
                problems.append("Model \(model) asks for \(replicas) replicas; expected 1 to \(Self.maximumReplicas)")
            }
            if !load.isFinite || load < 0 {
                problems.append("Model \(model) has a load of \(load); expected a number of 0 or more")
            }
            return problems.map { .invalidArgument($0) }
        }
    }
}
