import ServingPrimitives
import Telemetry

/// What fuzz-request-filter does with an input, and the tests with its corpus: reads it as the query of
/// `/v1/debug/requests`. What is read must be the same when it is written and read again; what is refused must say why.
package enum RequestFilterExercise {
    package static func run(_ input: UnsafeRawBufferPointer) {
        if let fault = fault(in: Array(input)) { fatalError(fault) }
    }

    /// `nil` when all is well.
    package static func fault(in bytes: [UInt8]) -> String? {
        do throws(ServingError) {
            let filter = try RequestFilter(query: bytes)
            guard (1...RequestFilter.largestLimit).contains(filter.limit) else { return "a limit of \(filter.limit)" }
            let again = try? RequestFilter(query: query(filter))
            return again == filter ? nil : "\(filter) is another when it is read again: \(String(describing: again))"
        } catch {
            return error.code == .invalidArgument && !error.message.isEmpty ? nil : "\(error)"
        }
    }

    private static func query(_ filter: RequestFilter) -> [UInt8] {
        var parts = ["limit=\(filter.limit)"]
        if let model = filter.model { parts.append("model=\(percentCoded(model))") }
        if let status = filter.status { parts.append("status=\(status.name)") }
        if let api = filter.api { parts.append("api=\(api.rawValue)") }
        if let kept = filter.kept { parts.append("kept=\(kept.rawValue)") }
        return Array(parts.joined(separator: "&").utf8)
    }

    private static func percentCoded(_ text: String) -> String {
        text.utf8.map { "%\($0 < 16 ? "0" : "")\(String($0, radix: 16))" }.joined()
    }
}
