public import Logging
import ServingPrimitives

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Writes the server's own log as lines of JSON: `time`, `level`, `logger`, `message`, and the metadata under its own keys.
public struct JSONLogHandler: LogHandler {
    public var logLevel = Logger.Level.info
    public var metadata: Logger.Metadata = [:]
    public var metadataProvider: Logger.MetadataProvider?

    private static let ownKeys: Set<String> = ["time", "level", "logger", "message"]

    private let label: String
    private let write: @Sendable ([UInt8]) -> Void
    private let now: @Sendable () -> UInt64

    /// - Parameters:
    ///   - write: takes one line with its end; by default standard error does.
    ///   - now: nanoseconds since 1970.
    public init(
        label: String,
        write: @escaping @Sendable ([UInt8]) -> Void = JSONLogHandler.writeToStandardError,
        now: @escaping @Sendable () -> UInt64 = JSONLogHandler.systemTime
    ) {
        self.label = label
        self.write = write
        self.now = now
    }

    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    public func log(event: LogEvent) {
        var line = JSONLine()
        line.string("time", WallClock.text(now()))
        line.string("level", event.level.rawValue)
        line.string("logger", label)
        line.string("message", "\(event.message)")
        var all = metadata
        all.merge(metadataProvider?.get() ?? [:]) { $1 }
        all.merge(event.metadata ?? [:]) { $1 }
        for (key, value) in all.sorted(by: { $0.key < $1.key }) {
            // Nothing may pass for what is ours.
            line.json(key: Self.ownKeys.contains(key) ? "\(key)_" : key, Self.json(value))
        }
        write(line.closed() + [UInt8(ascii: "\n")])
    }

    private static func json(_ value: Logger.MetadataValue) -> [UInt8] {
        switch value {
        case .string(let text): return quoted(text)
        case .stringConvertible(let value): return quoted("\(value)")
        case .array(let values):
            return [UInt8(ascii: "[")] + values.map(json).joined(separator: [UInt8(ascii: ",")]) + [UInt8(ascii: "]")]
        case .dictionary(let values):
            var object = JSONLine()
            for (key, value) in values.sorted(by: { $0.key < $1.key }) { object.json(key: key, json(value)) }
            return object.closed()
        }
    }

    private static func quoted(_ text: String) -> [UInt8] {
        var json: [UInt8] = []
        JSONQuoting.append(text, to: &json)
        return json
    }

    /// Nanoseconds since 1970.
    public static func systemTime() -> UInt64 { WallClock().nanoseconds(.now()) }

    /// One system call for a line, so that lines of several threads do not mix. What cannot be written is lost.
    public static func writeToStandardError(_ line: [UInt8]) {
        line.withUnsafeBytes { bytes in
            #if canImport(Musl)
            _ = Musl.write(STDERR_FILENO, bytes.baseAddress, bytes.count)
            #else
            _ = Glibc.write(STDERR_FILENO, bytes.baseAddress, bytes.count)
            #endif
        }
    }
}
