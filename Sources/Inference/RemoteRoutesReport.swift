public import ServingPrimitives

/// What a server knows of models that others have: who answers for them, and how they do.
public struct RemoteRoutesReport: Sendable, Hashable {
    public enum State: String, Sendable, Hashable {
        case good = "GOOD"
        /// It failed, and is not asked for a while.
        case leftAlone = "LEFT_ALONE"
        /// A copy of a request finds out whether it answers again.
        case tried = "TRIED"
    }

    public struct Replica: Sendable, Hashable {
        /// `HOST:PORT`
        public var address: String
        public var state: State
        /// Requests that it has not answered.
        public var outstanding: Int
        public var requests: UInt64
        public var failures: UInt64
        /// How often it was good and then left alone.
        public var ejections: UInt64

        public init(
            address: String,
            state: State,
            outstanding: Int = 0,
            requests: UInt64 = 0,
            failures: UInt64 = 0,
            ejections: UInt64 = 0
        ) {
            self.address = address
            self.state = state
            self.outstanding = outstanding
            self.requests = requests
            self.failures = failures
            self.ejections = ejections
        }
    }

    public struct Route: Sendable, Hashable {
        public var model: String
        public var replicas: [Replica]

        public init(model: String, replicas: [Replica]) {
            self.model = model
            self.replicas = replicas
        }
    }

    /// Sorted by the models' names.
    public var routes: [Route]
    /// Why these are the last known ones, and not what was to come after them.
    public var trouble: ServingError?

    public init(routes: [Route], trouble: ServingError? = nil) {
        self.routes = routes
        self.trouble = trouble
    }
}

/// Who knows routes.
public protocol RemoteRoutesReporting: Sendable {
    /// Grows with every change of a report that is more than counting.
    var changeCount: Int { get }
    func report() -> RemoteRoutesReport
}
