public import ServingConfig
public import ServingProtos
import SwiftProtobuf

extension Tensorflow_Serving_ModelServerConfig {
    /// The configuration that asks for `models`.
    ///
    /// - Parameter earlier: a model that it asks for with the same settings is taken over as it stands there, with the
    ///   fields that `ServerConfiguration.Model` does not have.
    public init(_ models: [ServerConfiguration.Model], keeping earlier: Tensorflow_Serving_ModelServerConfig) {
        self.init()
        let known = Dictionary(earlier.modelConfigList.config.map { ($0.name, $0) }) { first, _ in first }
        modelConfigList.config = models.map { model in
            if let message = known[model.name], ServerConfiguration.Model(message) == model { return message }
            return Tensorflow_Serving_ModelConfig(model)
        }
    }
}

extension Tensorflow_Serving_ModelConfig {
    fileprivate init(_ model: ServerConfiguration.Model) {
        self.init()
        name = model.name
        basePath = model.basePath
        modelPlatform = model.platform.resolvedName ?? model.platform.name
        versionLabels = model.versionLabels
        if let log = model.requestLog {
            loggingConfig.logCollectorConfig.type = log.type
            loggingConfig.logCollectorConfig.filenamePrefix = log.filenamePrefix
            loggingConfig.samplingConfig.samplingRate = log.samplingRate
        }
        if model.residency != .init() { apus.write(model.residency) }
        if model.isolation != .none { apus.isolation = .init(rawValue: model.isolation.rawValue) ?? .none }
        if let milliseconds = model.settleMilliseconds { apus.settleMilliseconds = milliseconds }
        if model.checksums != .unset { apus.checksums = .init(rawValue: model.checksums.rawValue) ?? .unset }
        if !model.sessionTarget.isEmpty { apus.sessionTarget = model.sessionTarget }
        if model.placement != .init() || !model.cpuGroup.isEmpty { apus.write(model.placement, model.cpuGroup) }
        switch model.versionPolicy {
        // What a file says that says nothing.
        case .latest(1): break
        case .latest(let count): modelVersionPolicy.latest.numVersions = UInt32(clamping: count)
        case .latestOnce(let count): modelVersionPolicy.latestOnce.numVersions = UInt32(clamping: count)
        case .all: modelVersionPolicy.all = .init()
        case .specific(let versions): modelVersionPolicy.specific.versions = versions
        }
    }
}

extension Apus_ModelOptions {
    fileprivate mutating func write(_ residency: ServerConfiguration.Model.Residency) {
        pinned = residency.isPinned
        evictionPriority = Int32(clamping: residency.priority)
        idleSeconds = residency.idleSeconds
        minimumResidentSeconds = residency.minimumResidentSeconds
    }

    fileprivate mutating func write(_ placement: ServerConfiguration.Model.Placement, _ cpuGroup: String) {
        device = placement.devices
        replicas = placement.replicas == 1 ? 0 : UInt32(clamping: placement.replicas)
        load = placement.load == 1 ? 0 : placement.load
        together = placement.together
        apart = placement.apart
        self.cpuGroup = cpuGroup
    }
}
