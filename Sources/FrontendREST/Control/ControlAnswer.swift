import Inference
import Servables
import ServingConfig
import ServingPrimitives

/// Bodies that list models.
enum ControlAnswer {
    /// OpenVINO Model Server's `/v1/config`: what `/v1/models/M` says, of every model.
    static func config(_ models: [(name: String, versions: [VersionStatus])]) -> [UInt8] {
        var writer = ProtobufJSON()
        writer.object { writer in
            for model in models {
                writer.object(model.name) { writer in
                    writer.list("model_version_status") { writer in
                        for status in model.versions { writer.object { write(status, to: &$0) } }
                    }
                }
            }
        }
        return writer.text + "\n".utf8
    }

    private static func write(_ status: VersionStatus, to writer: inout ProtobufJSON) {
        writer.string("version", "\(status.version)")
        writer.string("state", status.state.name)
        writer.object("status") { writer in
            writer.string("error_code", (status.error?.code ?? .ok).name)
            writer.string("error_message", status.message)
        }
    }

    /// Triton's repository index. Members that have nothing to say are left out.
    static func index(_ entries: [ModelIndex.Entry]) -> [UInt8] {
        var writer = ProtobufJSON()
        writer.list { writer in
            for entry in entries {
                writer.object { writer in
                    writer.string("name", entry.name)
                    if !entry.version.isEmpty { writer.string("version", entry.version) }
                    if !entry.state.isEmpty { writer.string("state", entry.state) }
                    if !entry.reason.isEmpty { writer.string("reason", entry.reason) }
                }
            }
        }
        return writer.text + "\n".utf8
    }

    /// What an action would do.
    static func plan(_ action: ModelAction, _ model: String, _ plan: ModelActionPlan) -> [UInt8] {
        var writer = ProtobufJSON()
        writer.object { writer in
            writer.string("model", model)
            writer.string("action", action.rawValue)
            writer.plain("dry_run", "true")
            for (name, versions) in [("loads", plan.loads), ("evictions", plan.evictions)] {
                writer.list(name) { writer in
                    for version in versions { writer.element(JSONText.quoted(version)) }
                }
            }
        }
        return writer.text + "\n".utf8
    }

    /// The Open Inference Protocol's server metadata.
    static func metadata(version: String, extensions: [String]) -> [UInt8] {
        var writer = ProtobufJSON()
        writer.object { writer in
            writer.string("name", "apus")
            writer.string("version", version)
            writer.list("extensions") { writer in
                for name in extensions { writer.element(JSONText.quoted(name)) }
            }
        }
        return writer.text + "\n".utf8
    }
}
