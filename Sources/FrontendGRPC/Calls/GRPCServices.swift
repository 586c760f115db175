import Inference
import NIOPosix
import ServingConfig
import WireFormat

/// What calls are answered with; the same for all connections of a server.
final class GRPCServices: Sendable {
    let inference: InferenceService
    let health: ServingHealth
    /// What HandleReloadConfigRequest goes to; `nil` for a server whose models stay as they are.
    let models: (any ModelControl)?
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
        configuration: GRPCServerConfiguration,
        profiler: Profiler? = nil,
        decompressionThreads: NIOThreadPool = .singleton
    ) {
        self.inference = inference
        self.health = health
        self.models = models
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
    }
}
