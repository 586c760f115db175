import Synchronization

/// What one lane keeps so that counting a request takes no lock. Bounded: names come from requests.
struct RequestMetricsCache {
    private static let maximumCells = 1024

    private let metrics: RequestMetrics
    private var epoch: UInt64 = 0
    /// Nearly always that of the next request.
    private var last: (key: RequestCells.Key, cells: RequestCells)?
    private var known: [RequestCells.Key: RequestCells] = [:]

    init(_ metrics: RequestMetrics) { self.metrics = metrics }

    mutating func count(_ record: RequestRecord) {
        let now = metrics.epoch.load(ordering: .relaxed)
        if now != epoch { forget(now) }
        if let last, Self.fits(last.key, record) { return last.cells.count(record) }
        let key = RequestCells.Key(
            model: record.model,
            version: record.version,
            signature: record.signature,
            api: record.api,
            entry: record.entry,
            status: record.code
        )
        let cells = cells(key)
        last = (key, cells)
        cells.count(record)
    }

    private static func fits(_ key: RequestCells.Key, _ record: RequestRecord) -> Bool {
        key.status == record.code && key.api == record.api && key.entry == record.entry && key.version == record.version
            && key.model == record.model && key.signature == record.signature
    }

    private mutating func cells(_ key: RequestCells.Key) -> RequestCells {
        if let cells = known[key] { return cells }
        let cells = metrics.cells(key)
        if known.count < Self.maximumCells { known[key] = cells }
        return cells
    }

    private mutating func forget(_ epoch: UInt64) {
        self.epoch = epoch
        last = nil
        known = [:]
    }
}
