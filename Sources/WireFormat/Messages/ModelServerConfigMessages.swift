public import ServingConfig
public import ServingProtos
import SwiftProtobuf

extension RequestedModels {
    /// What the message asks for, right or wrong: `ServerConfiguration.Model.problems` judges it.
    public init(_ message: Tensorflow_Serving_ModelServerConfig) {
        switch message.config {
        case .modelConfigList(let list): self = .list(list.config.map { ServerConfiguration.Model($0) })
        case .customModelConfig: self = .custom
        case nil: self = .unset
        }
    }
}

extension ServerConfiguration.Model {
    public init(_ message: Tensorflow_Serving_ModelConfig) {
        self.init(name: message.name, basePath: message.basePath)
        platform = ModelPlatform(name: message.modelPlatform, deprecatedType: message.modelType.rawValue)
        versionPolicy = ServerConfiguration.VersionPolicy(message.modelVersionPolicy)
        versionLabels = message.versionLabels
        requestLog = message.hasLoggingConfig ? RequestLog(message.loggingConfig) : nil
        isolation = Isolation(rawValue: message.apus.isolation.rawValue)
        settleMilliseconds = message.apus.hasSettleMilliseconds ? message.apus.settleMilliseconds : nil
        checksums = ChecksumChoice(rawValue: message.apus.checksums.rawValue)
        placement = Placement(message.apus)
        cpuGroup = message.apus.cpuGroup
        residency = Residency(message.apus)
        sessionTarget = message.apus.sessionTarget
    }
}

extension ServerConfiguration.Model.Residency {
    fileprivate init(_ message: Apus_ModelOptions) {
        self.init()
        isPinned = message.pinned
        priority = Int(message.evictionPriority)
        idleSeconds = message.idleSeconds.isFinite ? message.idleSeconds : 0
        minimumResidentSeconds = message.minimumResidentSeconds.isFinite ? message.minimumResidentSeconds : 0
    }
}

extension RequestLog {
    public init(_ message: Tensorflow_Serving_LoggingConfig) {
        self.init(
            filenamePrefix: message.logCollectorConfig.filenamePrefix,
            samplingRate: message.samplingConfig.samplingRate
        )
        type = message.logCollectorConfig.type
        isCustom = message.hasCustomLoggingConfig
    }
}

extension ServerConfiguration.VersionPolicy {
    public init(_ message: Tensorflow_Serving_FileSystemStoragePathSourceConfig.ServableVersionPolicy) {
        switch message.policyChoice {
        // 0 means 1, as nobody wants a model of no versions.
        case .latest(let latest): self = .latest(max(Int(latest.numVersions), 1))
        case .latestOnce(let latest): self = .latestOnce(max(Int(latest.numVersions), 1))
        case .all: self = .all
        case .specific(let specific): self = .specific(specific.versions)
        case nil: self = .latest(1)
        }
    }
}

extension ServerConfiguration.Model.Placement {
    fileprivate init(_ message: Apus_ModelOptions) {
        self.init()
        devices = message.device
        replicas = message.replicas == 0 ? 1 : Int(message.replicas)
        load = message.load == 0 ? 1 : message.load
        together = message.together
        apart = message.apart
    }
}
