import Servables
import ServingPrimitives

/// The body of `GET /v1/models/M`: `GetModelStatusResponse` as protobuf's JSON printer writes it with defaults,
/// field names as they are declared and an indent of one.
enum StatusAnswer {
    static func json(_ versions: [VersionStatus]) -> [UInt8] {
        let list = versions.map { status in
            """
              {
               "version": "\(status.version)",
               "state": "\(status.state.name)",
               "status": {
                "error_code": "\((status.error?.code ?? .ok).name)",
                "error_message": \(JSONText.quoted(status.message))
               }
              }
            """
        }
        guard !list.isEmpty else { return Array("{\n \"model_version_status\": []\n}\n".utf8) }
        return Array("{\n \"model_version_status\": [\n\(list.joined(separator: ",\n"))\n ]\n}\n".utf8)
    }
}
