import ServingPrimitives

@testable import EngineEmbedding

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// A folder that goes away with the test.
final class TemporaryFolder {
    let path: String

    init() {
        var template = Array("/tmp/embedding-tests.XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { fatalError("no folder for the test") }
        path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    deinit { Self.remove(path) }

    private static func remove(_ path: String) {
        guard unlink(path) != 0 else { return }
        for name in LocalFolder.names(in: path) ?? [] { remove("\(path)/\(name)") }
        rmdir(path)
    }

    var names: [String] { LocalFolder.names(in: path) ?? [] }
    func file(_ name: String) -> String { "\(path)/\(name)" }
}

/// Reproducible: a failure comes again.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}

extension RowFormat {
    /// Exact, so that a test can compare.
    static func fp32(_ dimension: Int) -> RowFormat {
        // The width is fine.
        try! RowFormat([RowSegment(dimension: dimension, compression: .fp32)])
    }
}

extension SnapshotBuilder {
    func add(_ id: Int64, _ numbers: [Float], _ timestamp: UInt32 = 0) throws {
        try numbers.withUnsafeBufferPointer { try add(id: id, numbers: $0, timestamp: timestamp) }
    }
}

extension EmbeddingTable {
    func rows(_ ids: [Int64]) throws -> [[Float]] {
        var numbers = [Float](repeating: .nan, count: ids.count * format.dimension)
        var target = numbers.mutableSpan
        try lookup(ids.span, into: &target)
        return ids.indices.map { Array(numbers[$0 * format.dimension..<($0 + 1) * format.dimension]) }
    }

    func found(_ ids: [Int64]) throws -> Int {
        var numbers = [Float](repeating: .nan, count: ids.count * format.dimension)
        var target = numbers.mutableSpan
        return try lookup(ids.span, into: &target)
    }

    func put(_ ids: [Int64], _ numbers: [Float], at timestamp: UInt32 = 1) throws -> UpdateSummary {
        try update(ids.span, numbers.span, timestamp: timestamp)
    }

    func remove(all ids: [Int64]) throws -> Int { try remove(ids.span) }
}

func makeFolder(_ path: String) { mkdir(path, 0o755) }

func removeFile(_ path: String) { unlink(path) }

func writeFile(_ path: String, _ bytes: [UInt8]) throws {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
    guard descriptor >= 0 else { throw ServingError.internalError("\(path) cannot be written") }
    defer { close(descriptor) }
    try FileBytes.write(bytes, to: descriptor, at: 0, path)
}

/// Two days.
func makeOld(_ path: String) {
    let time = timespec(tv_sec: time(nil) - 2 * 86_400, tv_nsec: 0)
    _ = [time, time].withUnsafeBufferPointer { utimensat(AT_FDCWD, path, $0.baseAddress, 0) }
}

func currentSeconds() -> Int { time(nil) }
