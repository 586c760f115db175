import ServingPrimitives

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Writes the last row of each id of some files into one.
struct Compaction {
    private let files: [JournalFile]
    private let target: JournalFile
    private let temporary: JournalFile
    private let base: String
    private let members: [JournalMember]
    private let log: @Sendable (String) -> Void

    private static let flushBytes = 4 << 20

    /// - Parameter members: rows that the dumps of all of them have in a newer state go. Without any all are kept.
    init(
        _ files: [JournalFile],
        _ target: JournalFile,
        base: String,
        members: [JournalMember],
        log: @escaping @Sendable (String) -> Void
    ) {
        self.files = files
        self.target = target
        self.base = base
        self.members = members
        self.log = log
        temporary = target.temporary
    }

    /// - Returns: bytes of the new file, which is in its place.
    func run() throws(ServingError) -> Int {
        unlink(temporary.path)
        let output = try JournalOutput(temporary)
        do throws(ServingError) {
            try write(to: output)
            guard output.sync() else { throw .ofSystem("\(temporary.path) cannot be written", .resourceExhausted) }
            try output.rename(to: target)
        } catch {
            unlink(temporary.path)
            throw error
        }
        return output.file.byteCount
    }

    /// From the newest push to the oldest: of each id the first that is met counts. Their order in the file then is the other
    /// way round, which does not matter, as each id comes once.
    private func write(to output: JournalOutput) throws(ServingError) {
        var encoder = PushEncoder(receiveTime: 0)
        encoder.addHead(JournalHead(base: base))
        var pending: [Table: Rows] = [:]
        var pendingBytes = 0
        var seen: [Table: Set<Int64>] = [:]
        for file in files.reversed() {
            guard let memory = try file.mapped() else { continue }
            let scan = try file.scan(memory)
            for text in scan.damageTexts(of: file.path) { log(text) }
            for range in scan.pushes.reversed() {
                guard let push = PushRecord(UnsafeRawBufferPointer(rebasing: memory.bytes[range])) else { continue }
                let table = Table(name: push.name, dimension: push.dimension)
                let rows = rowsToKeep(of: push, &seen[table, default: []])
                if encoder.receiveTime != push.receiveTime || pendingBytes >= Self.flushBytes {
                    try Self.flush(&pending, encoder, to: output)
                    pendingBytes = 0
                    encoder = PushEncoder(receiveTime: push.receiveTime)
                }
                guard !rows.isEmpty else { continue }
                pending[table, default: Rows()].append(push, rows)
                pendingBytes += rows.count * (8 + 4 * push.dimension)
            }
        }
        try Self.flush(&pending, encoder, to: output)
    }

    private struct Table: Hashable {
        let name: String
        let dimension: Int
    }

    /// Rows of a table that came within one second, which become one record.
    private struct Rows {
        var ids: [Int64] = []
        var numbers: [Float] = []

        mutating func append(_ push: PushRecord, _ rows: [Int]) {
            for row in rows {
                ids.append(push.id(row))
                push.appendNumbers(ofRow: row, to: &numbers)
            }
        }
    }

    private func rowsToKeep(of push: PushRecord, _ seen: inout Set<Int64>) -> [Int] {
        let opinions = members.compactMap { $0.takes(push) }
        var rows: [Int] = []
        for row in (0..<push.count).reversed() where seen.insert(push.id(row)).inserted {
            if opinions.isEmpty || opinions.contains(where: { $0[row] }) { rows.append(row) }
        }
        return rows.reversed()
    }

    private static func flush(
        _ pending: inout [Table: Rows],
        _ encoder: PushEncoder,
        to output: JournalOutput
    ) throws(ServingError) {
        var encoder = encoder
        for (table, rows) in pending {
            rows.ids.withUnsafeBufferPointer { ids in
                rows.numbers.withUnsafeBufferPointer { numbers in
                    encoder.add(table.name, dimension: table.dimension, ids, numbers)
                }
            }
        }
        pending.removeAll()
        let result = encoder.bytes.withUnsafeBytes { bytes in
            Result { () throws(ServingError) in try output.append(bytes) }
        }
        try result.get()
    }
}
