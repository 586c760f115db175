/// What versions have cost, by their folders: the content of the file that a server keeps for its next start.
///
/// A line for each: fingerprint of the files, bytes in memory, bytes at the most while it loads, nanoseconds of the load,
/// whether the bytes were `measured` or `estimated`, and the path. The first form of the file did not say which.
package struct RememberedCosts: Sendable, Hashable {
    package struct Entry: Sendable, Hashable {
        package var fingerprint: UInt64
        package var cost: ServableCost
    }

    private static let header = "apus model costs 2"
    private static let headerOfFirstForm = "apus model costs 1"
    /// More versions are not remembered, nor longer files read.
    package static let maximumCount = 100_000
    package static let longestFile = 64 << 20
    private static let largestByteCount = 1 << 50

    package private(set) var entries: [String: Entry] = [:]

    package init() {}

    /// - Returns: `nil` for a file of something else. Lines that make no sense are passed over.
    package init?(_ text: some Collection<UInt8>) {
        var lines = text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: true).makeIterator()
        guard let first = lines.next() else { return nil }
        let isFirstForm = first.elementsEqual(Self.headerOfFirstForm.utf8)
        guard isFirstForm || first.elementsEqual(Self.header.utf8) else { return nil }
        while entries.count < Self.maximumCount, let line = lines.next() {
            read(line, isFirstForm: isFirstForm)
        }
    }

    private mutating func read(_ line: some Collection<UInt8>, isFirstForm: Bool) {
        let count = isFirstForm ? 5 : 6
        let fields = line.split(separator: UInt8(ascii: " "), maxSplits: count - 1, omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
        guard fields.count == count, let fingerprint = UInt64(fields[0], radix: 16), let bytes = Int(fields[1]),
            let peak = Int(fields[2]), let load = UInt64(fields[3]), fields[count - 1].hasPrefix("/"),
            let source = isFirstForm ? .measured : Source(rawValue: fields[4]),
            (0...Self.largestByteCount).contains(bytes), (0...Self.largestByteCount).contains(peak)
        else { return }
        let cost = ServableCost(
            residentBytes: bytes,
            peakBytes: peak,
            loadNanoseconds: load,
            isMeasured: source == .measured
        )
        entries[fields[count - 1]] = Entry(fingerprint: fingerprint, cost: cost)
    }

    private enum Source: String {
        case measured
        case estimated
    }

    package var text: [UInt8] {
        var text = Array("\(Self.header)\n".utf8)
        for (path, entry) in entries.sorted(by: { $0.key < $1.key }) {
            let fingerprint = String(entry.fingerprint, radix: 16)
            let cost = entry.cost
            let source: Source = cost.isMeasured ? .measured : .estimated
            text +=
                "\(fingerprint) \(cost.residentBytes) \(cost.peakBytes) \(cost.loadNanoseconds) \(source) \(path)\n"
                .utf8
        }
        return text
    }

    package func cost(of path: String, _ fingerprint: UInt64) -> ServableCost? {
        guard let entry = entries[path], entry.fingerprint == fingerprint else { return nil }
        return entry.cost
    }

    package mutating func remember(_ cost: ServableCost, of path: String, _ fingerprint: UInt64) {
        guard entries[path] != nil || entries.count < Self.maximumCount, !path.utf8.contains(UInt8(ascii: "\n")) else {
            return
        }
        entries[path] = Entry(fingerprint: fingerprint, cost: cost)
    }

    /// Takes over what another server wrote of versions that this one has not loaded.
    package mutating func add(_ others: RememberedCosts) {
        entries.merge(others.entries) { own, _ in own }
    }
}
