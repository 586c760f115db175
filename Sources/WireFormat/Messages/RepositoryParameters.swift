public import ServingConfig
public import ServingPrimitives
import ServingProtos
import SwiftProtobuf

/// The parameters of a call that loads or unloads one model, from whatever wire they came.
public struct RepositoryParameters: Sendable, Hashable {
    public enum Value: Sendable, Hashable {
        case bool(Bool)
        case int(Int64)
        case string(String)
        case bytes
    }

    /// A model's configuration is a few hundred bytes.
    private static let longestConfig = 1 << 20

    private let values: [String: Value]

    public init(_ values: [String: Value] = [:]) { self.values = values }

    /// What a load is told by `config`: a `tensorflow.serving.ModelConfig` in protobuf's JSON form.
    ///
    /// - Parameter model: the name that the call names; the configuration may repeat it.
    /// - Throws: `INVALID_ARGUMENT` for parameters this server does not know and values it cannot read.
    public func settings(for model: String) throws(ServingError) -> ModelSettings {
        for name in values.keys.sorted() where name != "config" && !Self.ofActions.contains(name) {
            if name.hasPrefix("file:") {
                throw .invalidArgument(
                    "The parameter \"\(name)\" would upload a file; this server loads models from folders only: give a "
                        + "base_path in the parameter \"config\""
                )
            }
            throw .invalidArgument(
                "Unknown parameter \"\(name)\"; a load takes \"config\", \"dry_run\", \"pin\" and \"prefetch\""
            )
        }
        guard let value = values["config"] else { return ModelSettings() }
        guard case .string(let text) = value else {
            throw .invalidArgument("The parameter \"config\" is not a string; expected the JSON text of a ModelConfig")
        }
        return try Self.settings(text, for: model)
    }

    /// Nothing that an unload may be told changes what it does: no model here depends on another.
    ///
    /// - Throws: `INVALID_ARGUMENT` for parameters this server does not know.
    public func checkForUnload() throws(ServingError) {
        for (name, value) in values.sorted(by: { $0.key < $1.key }) where name != Self.dryRun {
            guard name == "unload_dependents" else {
                throw .invalidArgument(
                    "Unknown parameter \"\(name)\"; an unload takes \"dry_run\" and \"unload_dependents\""
                )
            }
            guard case .bool = value else {
                throw .invalidArgument("The parameter \"unload_dependents\" is neither true nor false")
            }
        }
    }

    private static let dryRun = "dry_run"
    private static let ofActions: Set<String> = [dryRun, "pin", "prefetch"]

    /// Whether only to say what would be done: the parameter `dry_run`.
    ///
    /// - Throws: `INVALID_ARGUMENT` when it is neither true nor false.
    public func isDryRun() throws(ServingError) -> Bool { try flag(Self.dryRun) ?? false }

    /// What a load is for: `pin` keeps the model in memory, or no longer where it is false; `prefetch` waits for nothing.
    ///
    /// - Throws: `INVALID_ARGUMENT` when they are neither true nor false, or both there.
    public func actionOfLoad() throws(ServingError) -> ModelAction {
        let (pin, prefetch) = (try flag("pin"), try flag("prefetch") ?? false)
        if pin != nil, prefetch { throw .invalidArgument("The parameters \"pin\" and \"prefetch\" exclude each other") }
        return pin.map { $0 ? .pin : .unpin } ?? (prefetch ? .prefetch : .load)
    }

    /// Of a pin, unpin or prefetch.
    ///
    /// - Throws: `INVALID_ARGUMENT` for parameters that these do not take.
    public func checkForAction() throws(ServingError) {
        for name in values.keys.sorted() where name != Self.dryRun {
            throw .invalidArgument("Unknown parameter \"\(name)\"; this call takes \"dry_run\"")
        }
    }

    /// Of a plan for devices: `dry_run`, which a plan is in any case; `anew`, as if nothing had a place; `table`, for people.
    ///
    /// - Throws: `INVALID_ARGUMENT` for other parameters, and for what is neither true nor false.
    public func placement(isPlan: Bool) throws(ServingError) -> (request: PlacementRequest, wantsTable: Bool) {
        for name in values.keys.sorted() where ![Self.dryRun, "anew", "table"].contains(name) {
            throw .invalidArgument(
                "Unknown parameter \"\(name)\"; this call takes \"anew\", \"dry_run\" and \"table\""
            )
        }
        let isDryRun = try flag(Self.dryRun) ?? false
        let request = PlacementRequest(isDryRun: isDryRun || isPlan, isAnew: try flag("anew") ?? false)
        return (request, try flag("table") ?? false)
    }

    private func flag(_ name: String) throws(ServingError) -> Bool? {
        guard let value = values[name] else { return nil }
        guard case .bool(let flag) = value else {
            throw .invalidArgument("The parameter \"\(name)\" is neither true nor false")
        }
        return flag
    }

    private static func settings(_ text: String, for model: String) throws(ServingError) -> ModelSettings {
        guard text.utf8.count <= longestConfig else {
            throw .invalidArgument("The parameter \"config\" is longer than \(longestConfig) bytes")
        }
        let message: Tensorflow_Serving_ModelConfig
        do {
            message = try Tensorflow_Serving_ModelConfig(jsonString: text)
        } catch {
            throw .invalidArgument(
                "The parameter \"config\" is not the JSON text of a tensorflow.serving.ModelConfig: \(error)"
            )
        }
        guard message.name.isEmpty || message.name == model else {
            throw .invalidArgument("The parameter \"config\" is of the model \(message.name); expected \(model)")
        }
        guard !message.hasLoggingConfig else {
            throw .invalidArgument("The parameter \"config\" has a logging_config, which a load does not take")
        }
        let configured = ServerConfiguration.Model(message)
        let namesPlatform = !message.modelPlatform.isEmpty || message.modelType.rawValue != 0
        return ModelSettings(
            basePath: message.basePath.isEmpty ? nil : message.basePath,
            platform: namesPlatform ? configured.platform : nil,
            versionPolicy: message.hasModelVersionPolicy ? configured.versionPolicy : nil,
            versionLabels: message.versionLabels.isEmpty ? nil : message.versionLabels
        )
    }
}
