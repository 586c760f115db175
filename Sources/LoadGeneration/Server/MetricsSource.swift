public import HTTPClient
import ServingPrimitives

/// A server's page of metrics in Prometheus' text form.
public struct MetricsSource: Sendable {
    private static let paths = ["/monitoring/prometheus/metrics", "/metrics"]
    /// Counts the rows of batches as they were run, in TensorFlow Serving and here.
    private static let batchSize = "batching_session:processed_batch_size"

    private let address: ServerAddress
    private let path: String

    /// Looks whether there is such a page with batch sizes; `nil` when there is none.
    public init?(at address: ServerAddress) {
        for path in Self.paths where Self.page(address, path)?.contains(Self.batchSize) == true {
            self.address = address
            self.path = path
            return
        }
        return nil
    }

    /// The page of a target's server: on the target's own port over REST, else on a port of its process.
    public static func find(for target: LoadTarget, _ process: ServerProcess?) -> MetricsSource? {
        if target.wire == .http1 { return MetricsSource(at: target.address) }
        for port in process?.listeningPorts() ?? [] where port != target.address.port {
            if let address = try? target.address.with(port: port), let source = MetricsSource(at: address) {
                return source
            }
        }
        return nil
    }

    /// Batches since the server started.
    func batchSizes() -> BatchSizes? { Self.page(address, path).flatMap(Self.batchSizes) }

    private static func page(_ address: ServerAddress, _ path: String) -> String? {
        let request = PreparedRequest.http1(method: "GET", path: path, body: [], to: address, RequestFields())
        guard let reply = try? SingleCall.perform(request, to: address, .http1, seconds: 2), reply.kind == .http(200)
        else { return nil }
        return String(decoding: reply.body, as: UTF8.self)
    }

    /// The histogram of batch sizes, all label sets added up; `nil` when the page has none.
    package static func batchSizes(_ page: String) -> BatchSizes? {
        var cumulative: [Double: UInt64] = [:]
        var sizes = BatchSizes(buckets: [], batchCount: 0, rowCount: 0)
        var isFound = false
        for line in page.split(separator: "\n") where !line.hasPrefix("#") && line.contains(batchSize) {
            guard let space = line.lastIndex(of: " "), let value = Double(line[line.index(after: space)...]),
                (0..<1e18).contains(value)
            else { continue }
            let name = line.prefix { $0 != "{" && $0 != " " }
            isFound = true
            if name.hasSuffix("_bucket"), let bound = bound(line) {
                cumulative[bound, default: 0] += UInt64(clamping: Int(value))
            } else if name.hasSuffix("_count") {
                sizes.batchCount += UInt64(clamping: Int(value))
            } else if name.hasSuffix("_sum") {
                sizes.rowCount += value
            }
        }
        var before: UInt64 = 0
        for (bound, count) in cumulative.sorted(by: { $0.key < $1.key }) {
            sizes.buckets.append((bound, count >= before ? count - before : 0))
            before = max(before, count)
        }
        return isFound ? sizes : nil
    }

    private static func bound(_ line: Substring) -> Double? {
        guard let start = line.firstRange(of: "le=\"") else { return nil }
        let text = line[start.upperBound...].prefix { $0 != "\"" }
        return text == "+Inf" ? .infinity : Double(text)
    }
}

extension BatchSizes {
    /// What came after `earlier`.
    func since(_ earlier: BatchSizes) -> BatchSizes? {
        guard batchCount > earlier.batchCount else { return nil }
        let before = Dictionary(earlier.buckets.map { ($0.bound, $0.count) }, uniquingKeysWith: +)
        return BatchSizes(
            buckets: buckets.map { ($0.bound, $0.count - min($0.count, before[$0.bound] ?? 0)) },
            batchCount: batchCount - earlier.batchCount,
            rowCount: rowCount - earlier.rowCount
        )
    }
}
