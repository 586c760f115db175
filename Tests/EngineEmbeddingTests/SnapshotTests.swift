import EmbeddingExercises
import ServingPrimitives
import Testing

@testable import EngineEmbedding

@Suite struct SnapshotTests {
    private let folder = TemporaryFolder()

    /// A snapshot of ids with rows of two numbers that tell the id.
    private func write(_ ids: [Int64], seed: UInt64 = 3) throws -> String {
        let path = folder.file("snapshot")
        let builder = SnapshotBuilder(format: .fp32(2), seed: seed)
        for id in ids { try builder.add(id, [Float(id % 1_000), -1], UInt32(truncatingIfNeeded: id)) }
        try builder.write(to: path, fingerprint: Array("a test".utf8))
        return path
    }

    private func bytes(_ path: String) throws -> [UInt8] { try LocalFile.contents(of: path, limit: 1 << 24) }

    private func open(_ bytes: [UInt8]) throws -> Snapshot { try bytes.withUnsafeBytes { try Snapshot(copying: $0) } }

    @Test(arguments: [0, 1, 7, 8, 100, 20_000], [Snapshot.Placement.mapped, .hugePages])
    func `what was written is served`(count: Int, placement: Snapshot.Placement) throws {
        let ids = (0..<Int64(count)).map { $0 &* 7_919 &- 40_000 }
        let snapshot = try Snapshot(path: try write(ids), placement: placement)
        #expect(snapshot.rowCount == count && snapshot.format == .fp32(2))
        #expect(snapshot.fingerprint == Array("a test".utf8))
        let table = try EmbeddingTable(snapshot)
        #expect(try table.rows(ids) == ids.map { [Float($0 % 1_000), -1] })
        #expect(try table.found(ids) == count)
        let others = ids.map { $0 &+ 1 } + [.min, .max, 0x7FFF_0000_0000_0000]
        #expect(try table.rows(others).allSatisfy { $0 == [0, 0] })
        #expect(try table.found(others) == 0)
        #expect(
            ids.allSatisfy { id in
                snapshot.row(of: id).map { snapshot.timestamp(ofRow: $0) } == UInt32(truncatingIfNeeded: id)
            }
        )
        #expect(folder.names == ["snapshot"])
    }

    @Test func `all 64 bits of an id count, and none is special`() throws {
        let ids: [Int64] = [0, -1, 1, .min, .max, 1 << 48, -1 << 48, 0x5555_5555_5555_5555]
        let table = try EmbeddingTable(Snapshot(path: try write(ids)))
        #expect(try table.found(ids) == ids.count)
        #expect(try table.found([2, -2, .min + 1, .max - 1]) == 0)
    }

    @Test func `of rows with one id the last counts`() throws {
        let path = folder.file("snapshot")
        let builders = (0..<2).map { _ in SnapshotBuilder(format: .fp32(1), seed: 9) }
        try builders[0].add(5, [1])
        try builders[0].add(6, [2])
        try builders[0].add(5, [3])
        try builders[1].add(6, [4])
        try builders[1].add(7, [5])
        try builders[0].write(to: path, with: [builders[1]])
        let snapshot = try Snapshot(path: path)
        #expect(snapshot.rowCount == 3)
        #expect(try EmbeddingTable(snapshot).rows([5, 6, 7]) == [[3], [4], [5]])
    }

    @Test func `ids that belong to one place overflow into later buckets and are found`() throws {
        // Six buckets for thirty ids: the hashes of these are close together, so all belong to one.
        let hash = IDHash(seed: 11)
        var random = SplitMix(state: 2)
        var ids: [Int64] = []
        while ids.count < 30 {
            let id = Int64(bitPattern: random.next())
            if hash(id) >> 56 == 0x40 { ids.append(id) }
        }
        let snapshot = try Snapshot(path: try write(ids, seed: 11))
        #expect(snapshot.farthest >= 3)
        let table = try EmbeddingTable(snapshot)
        #expect(try table.found(ids) == 30)
        // Others of the same place go through all of the buckets.
        var others: [Int64] = []
        while others.count < 30 {
            let id = Int64(bitPattern: random.next())
            if hash(id) >> 56 == 0x40, !ids.contains(id) { others.append(id) }
        }
        #expect(try table.found(others) == 0)
    }

    @Test func `a flipped bit anywhere is an error`() throws {
        let whole = try bytes(try write((0..<40).map { $0 * 3 }))
        #expect(throws: Never.self) { try open(whole) }
        for offset in whole.indices {
            for mask: UInt8 in [0x01, 0x80, 0xFF] {
                var damaged = whole
                damaged[offset] ^= mask
                #expect(throws: ServingError.self, "byte \(offset)") { try open(damaged) }
            }
        }
    }

    @Test func `a file of any other length is an error`() throws {
        let whole = try bytes(try write((0..<40).map { $0 * 3 }))
        for count in whole.indices { #expect(throws: ServingError.self) { try open(Array(whole[..<count])) } }
        #expect(throws: ServingError.self) { try open(whole + [0]) }
    }

    @Test func `a flipped bit under checksums that fit is an error or does no harm`() throws {
        let whole = try bytes(try write((0..<10).map { $0 * 3 }))
        #expect(SnapshotExercise.mended(whole) == whole)
        for offset in whole.indices {
            // All bits would take long in a debug build; the fuzzer tries them.
            var damaged = whole
            damaged[offset] ^= 1 << (offset % 8)
            #expect(SnapshotExercise.fault(in: damaged) == nil, "byte \(offset)")
        }
    }

    /// Each is a field of the header or the index with a number that would lead out of the file, or nowhere.
    @Test(arguments: [
        (16, UInt64(1) << 40, "rows"), (16, UInt64.max, "rows"), (24, 0, "places"), (24, UInt64.max, "places"),
        (32, UInt64.max / 64, "bytes"), (32, 1 << 60, "counts"), (56, 9, "rows"), (60, 33, "parts"),
        (64, 300, "fingerprint"),
    ])
    func `hostile counts are refused`(offset: Int, value: UInt64, _: String) throws {
        var bytes = try bytes(try write((0..<40).map { $0 * 3 }))
        for byte in 0..<(offset >= 56 ? 4 : 8) {
            bytes[offset + byte] = UInt8(truncatingIfNeeded: value >> UInt64(8 * byte))
        }
        let checksum = bytes.withUnsafeBytes { CRC32C.checksum(UnsafeRawBufferPointer(rebasing: $0[..<1020])) }
        for byte in 0..<4 { bytes[1020 + byte] = UInt8(truncatingIfNeeded: checksum >> UInt32(8 * byte)) }
        let error = #expect(throws: ServingError.self) { try open(bytes) }
        #expect(error?.code == .dataLoss)
    }

    @Test func `a later format is named as such`() throws {
        var bytes = try bytes(try write([1]))
        bytes[8] = 2
        let error = #expect(throws: ServingError.self) { try open(bytes) }
        #expect(error?.code == .unimplemented)
        #expect(error?.message.contains("format 2") == true)
    }

    @Test func `rows that were damaged on the disk are found, or served when only the index is verified`() throws {
        let path = try write([1, 2, 3])
        var damaged = try bytes(path)
        damaged[1024] ^= 1
        try AtomicFile.replace(path, with: damaged)
        let error = #expect(throws: ServingError.self) { try Snapshot(path: path) }
        #expect(error?.code == .dataLoss && error?.message.contains("rows") == true)
        #expect(throws: Never.self) { try Snapshot(path: path, verification: .index) }
    }

    @Test func `what is no file is an error`() {
        #expect(throws: ServingError.self) { try Snapshot(path: folder.file("none")) }
        #expect(throws: ServingError.self) { try Snapshot(path: folder.path) }
    }

    @Test func `where no file can be written there is an error and nothing is left`() throws {
        let builder = SnapshotBuilder(format: .fp32(1))
        try builder.add(1, [1])
        #expect(throws: ServingError.self) { try builder.write(to: "\(folder.path)/none/snapshot") }
        #expect(throws: ServingError.self) { try builder.write(to: folder.path) }
        #expect(folder.names.isEmpty)
        #expect(LocalFolder.names(in: "/tmp")?.contains { $0.hasPrefix("\(folder.path.dropFirst(5)).") } == false)
    }
}
