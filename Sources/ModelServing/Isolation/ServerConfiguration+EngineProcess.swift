import EngineProcess
import ServingConfig
import ServingPrimitives

/// What an engine process is told: all that makes its engine the one that the server itself would have.
extension ServerConfiguration {
    private static let limit = 64 << 20

    func engineProcessSettings() throws(ServingError) -> [UInt8] {
        try MessageWriter.bytes(limit: Self.limit) { writer in
            writer.write(telemetry.logFormat.rawValue)
            writer.write(engine)
            writer.write(loading.prefersTFLite)
            writer.write(Int64(loading.tflitePools))
            writer.write(Int64(loading.tfliteInterpretersPerPool))
            writer.write(loading.liteRTLibraryPath) { $0.write($1) }
            writer.write(embedding.cacheFolder) { $0.write($1) }
            writer.write(embedding.pathPrefixes) { writer, prefix in
                writer.write(prefix.foreign)
                writer.write(prefix.local)
            }
            writer.write(embedding.updateBytes)
            writer.write(embedding.usesHugePages)
        }
    }

    /// - Parameter settings: what `engineProcessSettings` gave.
    init(engineProcessSettings settings: [UInt8]) throws(ServingError) {
        self = try MessageReader.read(settings) { (reader) throws(ServingError) in
            var configuration = ServerConfiguration()
            configuration.telemetry.logFormat = Telemetry.LogFormat(rawValue: try reader.text()) ?? .text
            configuration.engine = try reader.engine()
            configuration.loading.prefersTFLite = try reader.flag()
            configuration.loading.tflitePools = Int(try reader.number(Int64.self))
            configuration.loading.tfliteInterpretersPerPool = Int(try reader.number(Int64.self))
            configuration.loading.liteRTLibraryPath = try reader.optionalText()
            configuration.embedding.cacheFolder = try reader.optionalText()
            configuration.embedding.pathPrefixes = try reader.list { (reader) throws(ServingError) in
                ServerConfiguration.Embedding.PathPrefix(foreign: try reader.text(), local: try reader.text())
            }
            configuration.embedding.updateBytes = try reader.number(Int64.self)
            configuration.embedding.usesHugePages = try reader.flag()
            // Versions have processes of their own, and a journal has one process.
            configuration.embedding.journalBytes = 0
            return configuration
        }
    }
}

extension MessageWriter {
    fileprivate mutating func write(_ engine: ServerConfiguration.Engine) {
        write(engine.libraryPath) { $0.write($1) }
        write(engine.sessionParallelism)
        write(engine.intraOpParallelism)
        write(engine.interOpParallelism)
        write(Int64(engine.threads))
        write(Int64(engine.eventLoops))
        write(engine.opLibraries) { $0.write($1) }
        write(engine.sessionConfig)
        write(engine.loadThreadPool) { $0.write($1) }
        write(engine.gpuMemoryFraction.bitPattern)
        write(engine.compilesWithXLAOnCPU)
        write(engine.compilesWithXLAOnGPU)
        write(engine.mixedPrecision)
    }
}

extension MessageReader {
    fileprivate mutating func engine() throws(ServingError) -> ServerConfiguration.Engine {
        var engine = ServerConfiguration.Engine()
        engine.libraryPath = try optionalText()
        engine.sessionParallelism = try number()
        engine.intraOpParallelism = try number()
        engine.interOpParallelism = try number()
        engine.threads = Int(try number(Int64.self))
        engine.eventLoops = Int(try number(Int64.self))
        engine.opLibraries = try list { (reader) throws(ServingError) in try reader.text() }
        engine.sessionConfig = try bytes()
        engine.loadThreadPool = try optional { (reader) throws(ServingError) in try reader.number() }
        engine.gpuMemoryFraction = Float(bitPattern: try number())
        engine.compilesWithXLAOnCPU = try flag()
        engine.compilesWithXLAOnGPU = try flag()
        engine.mixedPrecision = try text()
        return engine
    }

    fileprivate mutating func optionalText() throws(ServingError) -> String? {
        try optional { (reader) throws(ServingError) in try reader.text() }
    }
}
