public import Logging
public import ServingConfig

/// A process that is a model server: what both executables run.
public enum ModelServerProcess {
    public static func run(_ configuration: ServerConfiguration, logLevel: Logger.Level = .info) async -> Int32 { 1 }
    public static var engineVersion: String { "" }
}
