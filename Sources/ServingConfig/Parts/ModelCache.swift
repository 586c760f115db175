extension ServerConfiguration {
    /// A memory budget for models: under it any number of them are known, and those that are used are loaded.
    public struct ModelCache: Sendable, Hashable {
        public enum Limit: Sendable, Hashable {
            case bytes(Int)
            /// Of what the process may use: the machine's memory, or its control group's where that is less.
            case share(Double)
            /// What the devices may hold that models are put on, and no more than that.
            case devices

            /// `1073741824`, `60%` or `devices`; `nil` for anything else.
            public init?(_ text: String) {
                if text == "devices" {
                    self = .devices
                } else if text.hasSuffix("%") {
                    guard let percent = Double(text.dropLast()), percent > 0, percent <= 100 else { return nil }
                    self = .share(percent / 100)
                } else {
                    guard let bytes = Int(text), bytes > 0 else { return nil }
                    self = .bytes(bytes)
                }
            }
        }

        /// As it was written; `nil` sets no budget, and all models are loaded.
        public var limit: String?
        /// File in which the server remembers what models cost; `nil` chooses one, an empty path remembers nothing.
        public var stateFile: String?
        /// A model that nobody has asked for so long is taken out of memory; 0 keeps it while there is room.
        public var idleSeconds = 0.0
        /// A model is not evicted sooner after its load; `nil` is as long as its load took.
        public var minimumResidentSeconds: Double?
        /// Loads models that are expected to be asked for, while there is room and nothing else to do.
        public var prefetches = true
        /// Versions with the same files have one copy in memory between them, with a budget or without.
        public var sharesWeights = true
        /// Where the repository alone says which models there are: serves all of them, as they come and go.
        public var discoversModels = true

        public init() {}

        /// - Parameter hasDevices: models are put on devices.
        func report(hasDevices: Bool, _ report: (String) -> Void) {
            if let limit {
                switch Limit(limit) {
                case nil:
                    report(
                        "The memory limit for models is \"\(limit)\"; expected a number of bytes above 0, or a share like "
                            + "60%, or devices"
                    )
                case .devices where !hasDevices:
                    report("The memory limit for models is that of the devices, and models are put on none")
                case .devices, .bytes, .share: break
                }
            }
            if !(0...1e9).contains(idleSeconds) || !(0...1e9).contains(minimumResidentSeconds ?? 0) {
                report("The idle or minimum resident time of models is not between 0 and 1000000000 seconds")
            }
        }
    }
}

extension ServerConfiguration.Model {
    /// How one model is treated under a memory budget: `apus { pinned ... }` in the configuration file.
    public struct Residency: Sendable, Hashable {
        /// Loaded when it is found, and never evicted.
        public var isPinned = false
        /// Models of lower priority are evicted first.
        public var priority = 0
        /// Evicted when nobody has asked for it so long; 0 is the server's own setting, less than 0 never.
        public var idleSeconds = 0.0
        /// Not evicted sooner after its load; 0 is the server's own setting.
        public var minimumResidentSeconds = 0.0

        public init() {}
    }
}
