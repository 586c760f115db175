import AccessControl
import HTTP2Server
import Inference
import Logging
import NIOPosix
import ServingConfig
import ServingPrimitives
import WireFormat

/// What calls are answered with; the same for all connections of a server.
final class GRPCServices: Sendable {
    let inference: InferenceService
    let health: ServingHealth
    /// What HandleReloadConfigRequest goes to; `nil` for a server whose models stay as they are.
    let models: (any ModelControl)?
    /// What `AgentService` answers from; where it is served nothing else is but health.
    let replicas: (any ReplicaDirectory)?
    /// Who may do what.
    let access: PortAccess
    /// What decompressed requests are counted in.
    let memoryBudget: MemoryBudget?
    /// Whether calls may load and unload models.
    let allowsControl: Bool
    /// What ServerMetadata says.
    let serverVersion: String
    /// Hears who changes what is served, and who may not.
    let logger: Logger
    /// `nil` where `ProfilerService` is not served.
    let profiler: Profiler?
    /// How tensors of Predict answers are written.
    let tensorEncoding: TensorEncoding
    /// Largest request message, as it comes.
    let maximumRequestByteCount: Int
    /// Largest answer.
    let maximumAnswerByteCount: Int
    /// Largest request message after decompression.
    let maximumDecompressedByteCount: Int
    /// Where large compressed messages are decompressed.
    let decompressionThreads: NIOThreadPool

    init(
        inference: InferenceService,
        health: ServingHealth,
        models: (any ModelControl)? = nil,
        replicas: (any ReplicaDirectory)? = nil,
        configuration: GRPCServerConfiguration,
        profiler: Profiler? = nil,
        decompressionThreads: NIOThreadPool = .singleton,
        logger: Logger = Logger(label: "apus.grpc") { _ in SwiftLogNoOpLogHandler() }
    ) {
        self.inference = inference
        self.health = health
        self.models = models
        self.replicas = replicas
        self.profiler = profiler
        self.tensorEncoding = configuration.tensorEncoding
        self.maximumRequestByteCount = min(
            max(0, configuration.maximumReceiveMessageByteCount),
            GRPCServerConfiguration.largestMessageByteCount
        )
        self.maximumAnswerByteCount = min(
            max(0, configuration.maximumSendMessageByteCount),
            GRPCServerConfiguration.largestMessageByteCount
        )
        self.maximumDecompressedByteCount = min(
            configuration.maximumDecompressedMessageByteCount,
            maximumRequestByteCount
        )
        self.decompressionThreads = decompressionThreads
        self.allowsControl = configuration.allowsControl
        self.serverVersion = configuration.serverVersion
        self.logger = logger
        self.access = configuration.access
        self.memoryBudget = configuration.http2.memoryBudget
    }

    /// Whether this port has the method.
    func has(_ method: GRPCMethod) -> Bool {
        guard replicas != nil else { return !method.isForAgents }
        return method.isForAgents || method == .healthCheck || method == .healthWatch
    }

    static let controlIsOff = "Control by calls is off on this port; --enable_control turns it on"
}
