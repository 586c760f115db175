import Logging
import Servables
import ServingConfig
import ServingPrimitives

/// The memory budget of a server and what it is kept with.
struct ModelCacheParts: Sendable {
    let options: CacheOptions
    let costs: ModelCosts

    /// - Returns: `nil` for a server without a budget.
    ///
    /// - Parameter devices: those that models are put on, if any.
    init?(
        _ configuration: ServerConfiguration.ModelCache,
        devices: [CacheDevice]?,
        memory: LoadMemory,
        copy: @escaping @Sendable (AspiredVersion) -> UInt64?,
        logger: Logger
    ) {
        guard let limit = configuration.limit.flatMap({ ServerConfiguration.ModelCache.Limit($0) }) else { return nil }
        let budget = limit.bytes(of: AvailableMemory.bytes)
        costs = ModelCosts(configuration, budget: budget ?? .max, memory: memory, copy: copy, logger: logger)
        options = CacheOptions(
            budget: budget,
            devices: devices,
            defaults: CacheSettings(ServerConfiguration.Model.Residency(), configuration),
            prefetches: configuration.prefetches,
            costs: costs,
            isMachineBusy: { MachinePressure.isBusy }
        )
        logger.info(
            "Models share a memory budget",
            metadata: [
                "bytes": "\(budget.map { "\($0)" } ?? "as on the devices")",
                "remembered_in": "\(configuration.costsFile ?? "-")",
            ]
        )
    }
}

extension ModelCosts {
    convenience init(
        _ configuration: ServerConfiguration.ModelCache,
        budget: Int = .max,
        memory: LoadMemory,
        copy: @escaping @Sendable (AspiredVersion) -> UInt64? = { _ in nil },
        logger: Logger
    ) {
        let file = configuration.costsFile.map { CostsFile(path: $0, logger: logger) }
        self.init(budget: budget, memory: memory, file: file, copy: copy)
    }
}

extension ServerConfiguration.ModelCache {
    /// Where costs are remembered; `nil` for nowhere.
    var costsFile: String? { (stateFile ?? CostsFile.usualPath).flatMap { $0.isEmpty ? nil : $0 } }
}

extension ServerConfiguration.ModelCache.Limit {
    /// - Returns: `nil` where the devices alone limit.
    func bytes(of available: Int) -> Int? {
        switch self {
        case .devices: nil
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

    /// - Parameter placement: what the model asks of devices.
    init(
        _ model: ServerConfiguration.Model.Residency,
        _ placement: ServerConfiguration.Model.Placement,
        _ server: ServerConfiguration.ModelCache
    ) {
        self.init(model, server)
        devices.pins = placement.devices.map { name in DeviceName(name).map { "\($0)" } ?? name }
        devices.copies = max(placement.replicas, placement.devices.count)
        devices.load = placement.load
        devices.together = placement.together.isEmpty ? nil : placement.together
        devices.apart = placement.apart.isEmpty ? nil : placement.apart
    }

    private static func nanoseconds(_ seconds: Double) -> UInt64 { UInt64(min(max(seconds, 0), 1e9) * 1e9) }
}
