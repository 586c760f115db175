import ServingPrimitives

/// The first 1024 bytes of a snapshot. Numbers are little-endian.
///
/// | bytes | what |
/// | --- | --- |
/// | 0 ..< 8 | `apus.emb` |
/// | 8 ..< 12 | version of the format: 1 |
/// | 12 ..< 16 | CRC-32C of the table of checksums at the end of the file |
/// | 16 ..< 24 | rows |
/// | 24 ..< 32 | places that hashes belong to: see `IDHash.place` |
/// | 32 ..< 40 | buckets: the places, and those that the last ones overflow into |
/// | 40 ..< 48 | seed of the hash |
/// | 48 ..< 56 | bytes of the file |
/// | 56 ..< 60 | bytes of a row |
/// | 60 ..< 64 | parts of a row |
/// | 64 ..< 68 | bytes of the fingerprint |
/// | 68 ..< 128 | zeros |
/// | 128 ..< 640 | for each part 16 bytes: kind, numbers, and two settings in single precision |
/// | 640 ..< 896 | fingerprint of what the snapshot was made from |
/// | 896 ..< 1020 | zeros |
/// | 1020 ..< 1024 | CRC-32C of the bytes before |
///
/// Kinds are 0 fp32, 1 fp16, 2 fixed_r8 and 3 one_bit; settings are the range of fixed_r8, and scale and amplitude of one_bit.
struct SnapshotHeader: Equatable {
    static let byteCount = 1024
    static let magic = Array("apus.emb".utf8)
    static let formatVersion: UInt32 = 1
    static let maximumFingerprint = 256
    /// The last number is the mark of no row.
    static let maximumRows = UInt64(UInt32.max)
    /// Buckets that an id may be away from its place; at the load we write a handful.
    static let maximumDistance = 1_000

    private static let partsStart = 128
    private static let partByteCount = 16
    private static let fingerprintStart = 640
    private static let checksumStart = 1020

    var format: RowFormat
    var rowCount: UInt64
    var placeCount: UInt64
    var bucketCount: UInt64
    var seed: UInt64
    var checksumsCRC: UInt32
    var fingerprint: [UInt8]

    /// `nil` when the counts are beyond all memory.
    var layout: SnapshotLayout? {
        SnapshotLayout(rowCount: rowCount, rowByteCount: UInt64(format.byteCount), bucketCount: bucketCount)
    }
}

// MARK: - Reading

extension SnapshotHeader {
    /// - Parameters:
    ///   - bytes: the whole file, of any length.
    ///   - path: for the error.
    /// - Throws: `DATA_LOSS` with what is wrong; `UNIMPLEMENTED` for a later version of the format.
    init(_ bytes: UnsafeRawBufferPointer, path: String) throws(ServingError) {
        func fail(_ what: String) -> ServingError { .damagedSnapshot(path, what) }
        func number<Number: FixedWidthInteger>(_ offset: Int, _: Number.Type = Number.self) -> Number {
            Number(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: Number.self))
        }
        guard bytes.count >= Self.byteCount else {
            throw fail("it has \(bytes.count) bytes; the header alone has \(Self.byteCount)")
        }
        guard bytes.prefix(Self.magic.count).elementsEqual(Self.magic) else {
            throw fail("it does not begin with \(String(decoding: Self.magic, as: UTF8.self))")
        }
        let version: UInt32 = number(8)
        guard version == Self.formatVersion else {
            throw ServingError(
                .unimplemented,
                "\(path) is a snapshot of format \(version); this server reads format \(Self.formatVersion)"
            )
        }
        guard
            CRC32C.checksum(UnsafeRawBufferPointer(rebasing: bytes[..<Self.checksumStart]))
                == number(Self.checksumStart)
        else { throw fail("the checksum of its header does not fit") }
        format = try Self.format(bytes, path)
        rowCount = number(16)
        placeCount = number(24)
        bucketCount = number(32)
        seed = number(40)
        checksumsCRC = number(12)
        let fingerprintCount: UInt32 = number(64)
        guard fingerprintCount <= Self.maximumFingerprint else { throw fail("its fingerprint is too long") }
        fingerprint = Array(bytes[Self.fingerprintStart..<Self.fingerprintStart + Int(fingerprintCount)])
        guard rowCount < Self.maximumRows else { throw fail("it has \(rowCount) rows; expected less than 2^32 - 1") }
        guard placeCount > 0, bucketCount >= placeCount else {
            throw fail("it has \(bucketCount) buckets for \(placeCount) places")
        }
        guard number(56) == UInt32(format.byteCount) else { throw fail("its rows are not as long as its format says") }
        guard let layout, number(48) == UInt64(layout.byteCount), bytes.count == layout.byteCount else {
            throw fail(
                "it has \(bytes.count) bytes, which is not what \(rowCount) rows in \(bucketCount) buckets take"
            )
        }
    }

    private static func format(_ bytes: UnsafeRawBufferPointer, _ path: String) throws(ServingError) -> RowFormat {
        let count = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 60, as: UInt32.self))
        guard (1...RowFormat.maximumSegments).contains(Int(count)) else {
            throw .damagedSnapshot(path, "its rows have \(count) parts; expected 1 to \(RowFormat.maximumSegments)")
        }
        var segments: [RowSegment] = []
        for index in 0..<Int(count) {
            func word(_ offset: Int) -> UInt32 {
                let place = partsStart + index * partByteCount + offset
                return UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: UInt32.self))
            }
            let settings = (Float(bitPattern: word(8)), Float(bitPattern: word(12)))
            guard let compression = RowCompression(kind: word(0), settings: settings) else {
                throw .damagedSnapshot(path, "part \(index) of its rows is of kind \(word(0)); expected 0 to 3")
            }
            segments.append(RowSegment(dimension: Int(word(4)), compression: compression))
        }
        do throws(ServingError) {
            return try RowFormat(segments)
        } catch {
            throw .damagedSnapshot(path, error.message)
        }
    }
}

// MARK: - Writing

extension SnapshotHeader {
    /// As the file has it. The fingerprint is cut to what there is room for.
    func encoded(byteCount: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: Self.byteCount)
        func put(_ value: some FixedWidthInteger, at offset: Int) {
            withUnsafeBytes(of: value.littleEndian) { bytes.replaceSubrange(offset..<offset + $0.count, with: $0) }
        }
        bytes.replaceSubrange(0..<Self.magic.count, with: Self.magic)
        put(Self.formatVersion, at: 8)
        put(checksumsCRC, at: 12)
        put(rowCount, at: 16)
        put(placeCount, at: 24)
        put(bucketCount, at: 32)
        put(seed, at: 40)
        put(UInt64(byteCount), at: 48)
        put(UInt32(format.byteCount), at: 56)
        put(UInt32(format.segments.count), at: 60)
        let fingerprint = fingerprint.prefix(Self.maximumFingerprint)
        put(UInt32(fingerprint.count), at: 64)
        for (index, segment) in format.segments.enumerated() {
            let place = Self.partsStart + index * Self.partByteCount
            let settings = segment.compression.settings
            put(segment.compression.kind, at: place)
            put(UInt32(segment.dimension), at: place + 4)
            put(settings.0.bitPattern, at: place + 8)
            put(settings.1.bitPattern, at: place + 12)
        }
        let fingerprintStart = Self.fingerprintStart
        bytes.replaceSubrange(fingerprintStart..<fingerprintStart + fingerprint.count, with: fingerprint)
        let checksum = bytes.withUnsafeBytes {
            CRC32C.checksum(UnsafeRawBufferPointer(rebasing: $0[..<Self.checksumStart]))
        }
        put(checksum, at: Self.checksumStart)
        return bytes
    }
}

extension RowCompression {
    fileprivate init?(kind: UInt32, settings: (Float, Float)) {
        switch kind {
        case 0: self = .fp32
        case 1: self = .fp16
        case 2: self = .fixedR8(range: settings.0)
        case 3: self = .oneBit(scale: settings.0, amplitude: settings.1)
        default: return nil
        }
    }

    fileprivate var kind: UInt32 {
        switch self {
        case .fp32: 0
        case .fp16: 1
        case .fixedR8: 2
        case .oneBit: 3
        }
    }

    fileprivate var settings: (Float, Float) {
        switch self {
        case .fp32, .fp16: (0, 0)
        case .fixedR8(let range): (range, 0)
        case .oneBit(let scale, let amplitude): (scale, amplitude)
        }
    }
}

extension ServingError {
    static func damagedSnapshot(_ path: String, _ what: String) -> ServingError {
        ServingError(.dataLoss, "\(path) is no snapshot of embeddings, or a damaged one: \(what)")
    }
}
