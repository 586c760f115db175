import Inference
import ServingPrimitives

/// The body of `GET /v1/routes`: who answers for models that other servers have, and how they do.
enum RoutesAnswer {
    /// - Parameter isShown: whether the caller may hear of a model.
    static func json(_ report: RemoteRoutesReport, _ isShown: (String) -> Bool = { _ in true }) -> [UInt8] {
        var writer = ProtobufJSON()
        writer.object { writer in
            writer.list("routes") { writer in
                for route in report.routes where isShown(route.model) {
                    writer.object { writer in
                        writer.string("model", route.model)
                        writer.list("replicas") { writer in
                            for replica in route.replicas { writer.object { write(replica, to: &$0) } }
                        }
                    }
                }
            }
            if let trouble = report.trouble { writer.string("error", "\(trouble)") }
        }
        return writer.text + "\n".utf8
    }

    private static func write(_ replica: RemoteRoutesReport.Replica, to writer: inout ProtobufJSON) {
        writer.string("address", replica.address)
        writer.string("state", replica.state.rawValue)
        writer.plain("outstanding", "\(replica.outstanding)")
        writer.plain("requests", "\(replica.requests)")
        writer.plain("failures", "\(replica.failures)")
        writer.plain("ejections", "\(replica.ejections)")
    }
}
