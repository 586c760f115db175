import ModelSignatures
import ServingPrimitives

/// What serving needs of a table's configuration: `EmbeddingHashTableConfig` of Monolith's
/// runtime/hash_table/embedding_hash_table.proto.
struct TableConfiguration: Hashable {
    var format: RowFormat
    /// Rows of zeros are not kept: their ids would be looked up as zeros anyway.
    var skipsZeros = false
    /// `nil` when rows stay for ever.
    var eviction: EvictionSchedule?

    /// entry_config = 1 { segments = 1 }, slot_expire_time_config = 3, enable_feature_eviction = 7,
    /// feature_evict_every_n_hours = 8, skip_zero_embedding = 10
    ///
    /// - Parameter table: for errors.
    init(_ bytes: UnsafeRawBufferPointer, table: String) throws(ServingError) {
        var segments: [RowSegment] = []
        var skipsZeros = false
        var evicts = false
        var hours = EvictionSchedule.defaultHours
        var times = ExpiryTimes()
        do throws(ProtobufReader.Malformed) {
            var reader = ProtobufReader(bytes)
            while let (field, value) = try reader.next() {
                switch (field, value) {
                case (1, .bytes(let entry)): try Self.readEntry(entry, into: &segments)
                case (3, .bytes(let message)): try times.read(message)
                case (7, .varint(let flag)): evicts = flag != 0
                case (8, .varint(let number)): hours = UInt64(number)
                case (10, .varint(let flag)): skipsZeros = flag != 0
                default: continue
                }
            }
        } catch {
            throw .invalidArgument("the configuration of table \(table) is no EmbeddingHashTableConfig")
        }
        do throws(ServingError) {
            format = try RowFormat(segments)
        } catch {
            throw ServingError(error.code, "the configuration of table \(table): \(error.message)")
        }
        self.skipsZeros = skipsZeros
        if evicts {
            eviction = EvictionSchedule(
                policy: times.policy,
                everySeconds: EvictionSchedule.seconds(hours, of: 3_600)
            )
        }
    }

    /// A `SlotExpireTimeConfig`: slot_expire_times = 1 { slot = 1, expire_time = 2, in days }, default_expire_time = 2.
    private struct ExpiryTimes {
        private var defaultDays = EvictionSchedule.defaultDays
        private var daysBySlot: [Int: UInt64] = [:]

        mutating func read(_ bytes: UnsafeRawBufferPointer) throws(ProtobufReader.Malformed) {
            var reader = ProtobufReader(bytes)
            while let (field, value) = try reader.next() {
                switch (field, value) {
                case (1, .bytes(let message)):
                    var numbers: [Int: UInt64] = [:]
                    var slot = ProtobufReader(message)
                    while let (field, value) = try slot.next() {
                        if case .varint(let number) = value { numbers[field] = UInt64(number) }
                    }
                    daysBySlot[Int(clamping: numbers[1] ?? 0)] = numbers[2] ?? 0
                case (2, .varint(let days)): defaultDays = UInt64(days)
                default: continue
                }
            }
        }

        var policy: ExpiryPolicy {
            ExpiryPolicy(
                defaultSeconds: EvictionSchedule.seconds(defaultDays, of: EvictionSchedule.secondsPerDay),
                secondsBySlot: daysBySlot.mapValues {
                    EvictionSchedule.seconds($0, of: EvictionSchedule.secondsPerDay)
                }
            )
        }
    }

    private static func readEntry(
        _ bytes: UnsafeRawBufferPointer,
        into segments: inout [RowSegment]
    ) throws(ProtobufReader.Malformed) {
        var reader = ProtobufReader(bytes)
        while let (field, value) = try reader.next() {
            // More are refused by `RowFormat`.
            guard field == 1, case .bytes(let segment) = value, segments.count <= RowFormat.maximumSegments else {
                continue
            }
            segments.append(try Self.segment(segment))
        }
    }

    /// comp_config = 3 { fp32 = 1, fp16 = 2, fixed_r8 = 3, one_bit = 4 }, dim_size = 7, which counts more than the
    /// compressor's own.
    private static func segment(_ bytes: UnsafeRawBufferPointer) throws(ProtobufReader.Malformed) -> RowSegment {
        var compressor = Compressor()
        var dimension: Int?
        var reader = ProtobufReader(bytes)
        while let (field, value) = try reader.next() {
            switch (field, value) {
            case (3, .bytes(let message)):
                var kinds = ProtobufReader(message)
                while let (kind, value) = try kinds.next() {
                    if case .bytes(let settings) = value { try compressor.read(kind: kind, settings) }
                }
            case (7, .varint(let size)): dimension = Int(clamping: size)
            default: continue
            }
        }
        return RowSegment(dimension: dimension ?? compressor.dimension, compression: compressor.compression)
    }

    /// A `FloatCompressorConfig`. Without one, numbers are kept as they come.
    private struct Compressor {
        var compression = RowCompression.fp32
        var dimension = 0

        /// dim_size = 1 in each; r = 2 of fixed_r8; init_scale = 3 and amplitude = 5 of one_bit.
        mutating func read(kind: Int, _ settings: UnsafeRawBufferPointer) throws(ProtobufReader.Malformed) {
            var numbers: [Int: Float] = [:]
            var reader = ProtobufReader(settings)
            while let (field, value) = try reader.next() {
                switch (field, value) {
                case (1, .varint(let size)): dimension = Int(clamping: size)
                case (_, .fixed32(let bits)): numbers[field] = Float(bitPattern: bits)
                default: continue
                }
            }
            switch kind {
            case 1: compression = .fp32
            case 2: compression = .fp16
            case 3: compression = .fixedR8(range: numbers[2] ?? 1)
            case 4: compression = .oneBit(scale: numbers[3] ?? 1, amplitude: numbers[5] ?? 0.1)
            default: break
            }
        }
    }
}
