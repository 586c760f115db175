public import Inference
public import ServingPrimitives

/// Writes `tensorflow.serving.PredictionLog`: a call as it would have come by gRPC, and its answer.
///
/// Requests that came by REST are written as the message that asks the same. Examples are those that the model saw: what
/// they share stands in each.
public struct PredictionLogEncoder {
    /// What a record says of how it came to be logged.
    public struct Metadata: Sendable, Hashable {
        /// Share of the calls that are logged.
        public var samplingRate: Double
        /// Of the graph that answers.
        public var savedModelTags: [String]
        /// Seconds since 1970.
        public var timestamp: Int64

        public init(samplingRate: Double, savedModelTags: [String], timestamp: Int64) {
            self.samplingRate = samplingRate
            self.savedModelTags = savedModelTags
            self.timestamp = timestamp
        }
    }

    /// Size of the serialized message.
    public let byteCount: Int
    private let metadata: LogMetadataEncoder
    private let request: LoggedRequestEncoder
    private let response: LoggedResponseEncoder
    /// Which member of `log_type`.
    private let logField: UInt32
    private var logByteCount: Int {
        WireSize.field(1, length: request.byteCount) + WireSize.field(2, length: response.byteCount)
    }

    /// - Throws: `RESOURCE_EXHAUSTED` when the record is larger than a protobuf message can be.
    public init(_ call: LoggedCall, _ metadata: Metadata) throws(ServingError) {
        switch call {
        case .predict(let call, let result):
            logField = 6
            request = LoggedRequestEncoder(call)
            response = .predict(try PredictResponseEncoder(result))
            self.metadata = LogMetadataEncoder(metadata, ModelSpecEncoder(of: result))
        case .classify(let call, let result):
            logField = 2
            request = LoggedRequestEncoder(call)
            response = .examples(try ExampleResponseEncoder(result))
            self.metadata = LogMetadataEncoder(metadata, ModelSpecEncoder(of: result))
        case .regress(let call, let result):
            logField = 3
            request = LoggedRequestEncoder(call)
            response = .examples(try ExampleResponseEncoder(result))
            self.metadata = LogMetadataEncoder(metadata, ModelSpecEncoder(of: result))
        case .multiInference(let call, let result):
            logField = 4
            request = LoggedRequestEncoder(call)
            response = .tasks(try MultiInferenceResponseEncoder(result))
            self.metadata = LogMetadataEncoder(metadata, ModelSpecEncoder(result.servable, signatureName: ""))
        }
        let log =
            WireSize.field(1, length: request.byteCount) + WireSize.field(2, length: response.byteCount)
        byteCount = try WireSize.checkedMessage(
            WireSize.field(1, length: self.metadata.byteCount) + WireSize.field(logField, length: log)
        )
    }

    /// Writes the message; `target` holds exactly `byteCount` bytes.
    public func write(into target: UnsafeMutableRawBufferPointer) {
        precondition(target.count == byteCount, "the target has \(target.count) bytes, the message \(byteCount)")
        var writer = WireWriter(target)
        writer.header(1, length: metadata.byteCount)
        metadata.write(to: &writer)
        writer.header(logField, length: logByteCount)
        writer.header(1, length: request.byteCount)
        request.write(to: &writer)
        writer.header(2, length: response.byteCount)
        response.write(into: writer.reserve(response.byteCount))
        precondition(writer.remaining == 0, "a message shrank after its size was worked out")
    }
}

/// Writes a `tensorflow.serving.LogMetadata`.
private struct LogMetadataEncoder {
    let byteCount: Int
    private let metadata: PredictionLogEncoder.Metadata
    private let modelSpec: ModelSpecEncoder

    init(_ metadata: PredictionLogEncoder.Metadata, _ modelSpec: ModelSpecEncoder) {
        self.metadata = metadata
        self.modelSpec = modelSpec
        byteCount =
            WireSize.field(1, length: modelSpec.byteCount)
            + WireSize.field(2, length: WireSize.double(1, metadata.samplingRate))
            + metadata.savedModelTags.reduce(0) { $0 + WireSize.field(3, length: $1.utf8.count) }
            + WireSize.number(4, UInt64(bitPattern: metadata.timestamp))
    }

    func write(to writer: inout WireWriter) {
        modelSpec.write(1, to: &writer)
        writer.header(2, length: WireSize.double(1, metadata.samplingRate))
        writer.double(1, metadata.samplingRate)
        for tag in metadata.savedModelTags {
            writer.header(3, length: tag.utf8.count)
            writer.bytes(Array(tag.utf8))
        }
        writer.number(4, UInt64(bitPattern: metadata.timestamp))
    }
}

/// The response message of a logged call.
private enum LoggedResponseEncoder {
    case predict(PredictResponseEncoder)
    case examples(ExampleResponseEncoder)
    case tasks(MultiInferenceResponseEncoder)

    var byteCount: Int {
        switch self {
        case .predict(let encoder): encoder.byteCount
        case .examples(let encoder): encoder.byteCount
        case .tasks(let encoder): encoder.byteCount
        }
    }

    func write(into target: UnsafeMutableRawBufferPointer) {
        switch self {
        case .predict(let encoder): encoder.write(into: target)
        case .examples(let encoder): encoder.write(into: target)
        case .tasks(let encoder): encoder.write(into: target)
        }
    }
}

extension ModelSpecEncoder {
    fileprivate init(of result: PredictResult) { self.init(result.servable, signatureName: result.signatureName) }

    fileprivate init<Answer>(of result: ExampleResult<Answer>) {
        self.init(result.servable, signatureName: result.signatureName)
    }
}
