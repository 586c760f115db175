import ModelSignatures

/// Reads a serialized `tensorflow.Example` (tensorflow/core/example/example.proto, feature.proto).
enum ExampleMessage {
    /// The list of a feature, not read yet.
    struct Feature {
        enum Kind {
            case bytes
            case floats
            case integers

            /// As error texts of TensorFlow name the type.
            var typeName: String {
                switch self {
                case .bytes: "string"
                case .floats: "float"
                case .integers: "int64"
                }
            }
        }

        let kind: Kind
        /// A `BytesList`, `FloatList` or `Int64List`.
        let list: UnsafeRawBufferPointer
    }

    /// Calls `body` with each feature that has a list, in the order of the message: of two with one name the later counts.
    ///
    /// features = 1 { feature = 1 { key = 1, value = 2 { bytes_list = 1, float_list = 2, int64_list = 3 } } }
    static func features(
        of example: UnsafeRawBufferPointer,
        _ body: (_ name: UnsafeRawBufferPointer, Feature) throws(ParseExampleError) -> Void
    ) throws(ParseExampleError) {
        try fields(of: example) { (field, features) throws(ParseExampleError) in
            guard field == 1 else { return }
            try fields(of: features) { (field, entry) throws(ParseExampleError) in
                guard field == 1 else { return }
                var name = UnsafeRawBufferPointer(start: nil, count: 0)
                var feature: Feature?
                try fields(of: entry) { (field, content) throws(ParseExampleError) in
                    if field == 1 { name = content }
                    if field == 2 { feature = try self.feature(content) }
                }
                if let feature { try body(name, feature) }
            }
        }
    }

    /// value = 1, packed or not.
    static func floats(of list: UnsafeRawBufferPointer) throws(ParseExampleError) -> [Float] {
        try numbers(of: list) { (value, numbers) throws(ProtobufReader.Malformed) in
            switch value {
            case .fixed32(let bits): numbers.append(Float(bitPattern: bits))
            case .bytes(let packed):
                guard packed.count.isMultiple(of: 4) else { throw ProtobufReader.Malformed() }
                for offset in stride(from: 0, to: packed.count, by: 4) {
                    let bits = packed.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
                    numbers.append(Float(bitPattern: UInt32(littleEndian: bits)))
                }
            default: throw ProtobufReader.Malformed()
            }
        }
    }

    /// value = 1, packed or not.
    static func integers(of list: UnsafeRawBufferPointer) throws(ParseExampleError) -> [Int64] {
        try numbers(of: list) { (value, numbers) throws(ProtobufReader.Malformed) in
            switch value {
            case .varint(let number): numbers.append(Int64(bitPattern: number))
            case .bytes(let packed):
                var reader = ProtobufReader(packed)
                while !reader.isAtEnd { numbers.append(Int64(bitPattern: try reader.varint())) }
            default: throw ProtobufReader.Malformed()
            }
        }
    }

    /// value = 1
    static func strings(of list: UnsafeRawBufferPointer) throws(ParseExampleError) -> [UnsafeRawBufferPointer] {
        var strings: [UnsafeRawBufferPointer] = []
        try fields(of: list) { (field, content) throws(ParseExampleError) in
            if field == 1 { strings.append(content) }
        }
        return strings
    }

    private static func feature(_ message: UnsafeRawBufferPointer) throws(ParseExampleError) -> Feature? {
        var feature: Feature?
        try fields(of: message) { (field, list) throws(ParseExampleError) in
            switch field {
            case 1: feature = Feature(kind: .bytes, list: list)
            case 2: feature = Feature(kind: .floats, list: list)
            case 3: feature = Feature(kind: .integers, list: list)
            default: return
            }
        }
        return feature
    }

    private static func numbers<N>(
        of list: UnsafeRawBufferPointer,
        _ read: (ProtobufReader.Value, inout [N]) throws(ProtobufReader.Malformed) -> Void
    ) throws(ParseExampleError) -> [N] {
        var numbers: [N] = []
        do throws(ProtobufReader.Malformed) {
            var reader = ProtobufReader(list)
            while let (field, value) = try reader.next() {
                if field == 1 { try read(value, &numbers) }
            }
        } catch {
            throw ParseExampleError("Can't parse serialized Example.")
        }
        return numbers
    }

    /// Calls `body` with each field of a message that has a length.
    private static func fields(
        of message: UnsafeRawBufferPointer,
        _ body: (Int, UnsafeRawBufferPointer) throws(ParseExampleError) -> Void
    ) throws(ParseExampleError) {
        var reader = ProtobufReader(message)
        while true {
            let next: (field: Int, value: ProtobufReader.Value)?
            do throws(ProtobufReader.Malformed) {
                next = try reader.next()
            } catch {
                throw ParseExampleError("Failed to parse example")
            }
            guard let (field, value) = next else { return }
            if case .bytes(let content) = value { try body(field, content) }
        }
    }
}

/// Why examples cannot be parsed, in the words of TFLite's operation.
struct ParseExampleError: Error {
    var message: String

    init(_ message: String) { self.message = message }
}
