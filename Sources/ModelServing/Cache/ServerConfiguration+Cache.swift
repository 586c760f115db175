import Logging
import Servables
import ServingConfig
import ServingPrimitives

/// The memory budget of a server and what it is kept with.
struct ModelCacheParts: Sendable {
    let options: CacheOptions
    let costs: ModelCosts

    /// - Returns: `nil` for a server without a budget.
    init?(
        _ configuration: ServerConfiguration.ModelCache,
        memory: LoadMemory,
        copy: @escaping @Sendable (AspiredVersion) -> UInt64?,
        logger: Logger
    ) {
        guard let limit = configuration.limit.flatMap({ ServerConfiguration.ModelCache.Limit($0) }) else { return nil }
        let budget = limit.bytes(of: AvailableMemory.bytes)
        let path = configuration.stateFile ?? CostsFile.usualPath
        let file = path.flatMap { $0.isEmpty ? nil : CostsFile(path: $0, logger: logger) }
        costs = ModelCosts(budget: budget, memory: memory, file: file, copy: copy)
        options = CacheOptions(
            budget: budget,
            defaults: CacheSettings(ServerConfiguration.Model.Residency(), configuration),
            prefetches: configuration.prefetches,
            costs: costs,
            isMachineBusy: { MachinePressure.isBusy }
        )
        logger.info(
            "Models share a memory budget",
            metadata: ["bytes": "\(budget)", "remembered_in": "\(path ?? "-")"]
        )
    }
}

extension ServerConfiguration.ModelCache.Limit {
    func bytes(of available: Int) -> Int {
        switch self {
        case .bytes(let bytes): bytes
        case .share(let share): max(Int(Double(available) * share), 1)
        }
    }
}

extension CacheSettings {
    init(_ model: ServerConfiguration.Model.Residency, _ server: ServerConfiguration.ModelCache) {
        let idle = model.idleSeconds == 0 ? server.idleSeconds : model.idleSeconds
        let stay =
            model.minimumResidentSeconds > 0 ? model.minimumResidentSeconds : server.minimumResidentSeconds
        self.init(
            isPinned: model.isPinned,
            priority: model.priority,
            idleNanoseconds: idle > 0 ? Self.nanoseconds(idle) : nil,
            minimumResidentNanoseconds: stay.map(Self.nanoseconds)
        )
    }

    private static func nanoseconds(_ seconds: Double) -> UInt64 { UInt64(min(max(seconds, 0), 1e9) * 1e9) }
}
