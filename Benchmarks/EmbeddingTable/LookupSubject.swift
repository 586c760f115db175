import EngineEmbedding
import EngineInterface
import Tensors

/// Something that looks up the batches of some queries, from any number of threads.
protocol LookupSubject: Sendable {
    var queries: Queries { get }
    /// Calls `body` with what looks up the batch of a number, for use by the calling thread.
    func withLookup<Result>(_ body: ((Int) throws -> Void) throws -> Result) throws -> Result
}

/// A table by itself.
struct TableSubject: LookupSubject {
    let table: EmbeddingTable
    let queries: Queries

    init(_ table: EmbeddingTable, _ queries: Queries) throws {
        self.table = table
        self.queries = queries
        var found = 0
        try withRoom { room in
            var target = room.mutableSpan
            for number in 0..<queries.batchCount {
                found += try table.lookup(queries.ids.span.extracting(queries.range(number)), into: &target)
            }
        }
        try queries.check(found)
    }

    func withLookup<Result>(_ body: ((Int) throws -> Void) throws -> Result) throws -> Result {
        try withRoom { room in
            try body { number in
                var target = room.mutableSpan
                _ = try table.lookup(queries.ids.span.extracting(queries.range(number)), into: &target)
            }
        }
    }

    private func withRoom<Result>(_ body: (UnsafeMutableBufferPointer<Float>) throws -> Result) rethrows -> Result {
        let room = UnsafeMutableBufferPointer<Float>.allocate(capacity: queries.batch * table.format.dimension)
        defer { room.deallocate() }
        room.initialize(repeating: 0)
        return try body(room)
    }
}

/// A model that an engine has loaded, called as by a request of one table: with tensors in, tensors out.
struct EngineSubject: LookupSubject {
    let model: any LoadedModel
    let queries: Queries
    private let requests: [RunRequest]

    init(_ model: any LoadedModel, signature name: String, _ queries: Queries, dimension: Int) throws {
        self.model = model
        self.queries = queries
        let number = try model.number(ofSignature: name)
        let batch = Int64(queries.batch)
        let splits = try Tensor(.int64, .vector(2), scalars: [0, batch])
        requests = try (0..<queries.batchCount).map { index in
            let ids = try Tensor(.int64, .vector(queries.batch), scalars: Array(queries.ids[queries.range(index)]))
            return RunRequest(
                signature: number,
                inputs: model.signatures[number].inputs.map { $0.name == "id" ? ids : splits },
                outputs: [0]
            )
        }
        var found = 0
        for request in requests {
            let rows = try model.run(request)[0]
            guard rows.shape.elementCount == queries.batch * dimension else {
                throw BenchmarkFailure("\(rows.shape) came for \(queries.batch) ids")
            }
            rows.withUnsafeBytes { bytes in
                // Rows of the dump have no zeros.
                for row in 0..<queries.batch where bytes.load(fromByteOffset: 4 * row * dimension, as: Float.self) != 0
                {
                    found += 1
                }
            }
        }
        try queries.check(found)
    }

    func withLookup<Result>(_ body: ((Int) throws -> Void) throws -> Result) throws -> Result {
        try body { number in _ = try model.run(requests[number]) }
    }
}

extension LoadedModel {
    func number(ofSignature name: String) throws -> Int {
        guard let number = signatures.firstIndex(where: { $0.name == name }) else {
            throw BenchmarkFailure("the model has no signature \(name)")
        }
        return number
    }
}

struct BenchmarkFailure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
