import CacheSimulation

/// What fuzz-cache-trace does with an input: reads it as a trace of requests.
package enum CacheTraceExercise {
    package static func run(_ input: UnsafeRawBufferPointer) {
        if let fault = fault(in: Array(input)) { fatalError(fault) }
    }

    /// `nil` when all is well.
    package static func fault(in bytes: [UInt8]) -> String? {
        guard let study = try? CacheTrace.parse(String(decoding: bytes, as: UTF8.self)) else { return nil }
        if let request = study.requests.first(where: { !study.models.indices.contains($0.model) }) {
            return "a request for model \(request.model) of \(study.models.count)"
        }
        return study.models.allSatisfy { $0.bytes > 0 } ? nil : "a model of no bytes"
    }
}
