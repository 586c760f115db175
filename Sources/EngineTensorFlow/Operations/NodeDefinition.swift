package import ModelSignatures
import ServingPrimitives

/// A node of a graph with its attributes. Field numbers: tensorflow/core/framework/node_def.proto and attr_value.proto.
package struct NodeDefinition {
    private(set) var name = ""
    private(set) var operation = ""
    private var attributes: [String: Attribute] = [:]

    fileprivate struct Attribute {
        var integers: [Int64] = []
        var text: [UInt8] = []
    }

    /// - Parameter bytes: a serialized `tensorflow.NodeDef`.
    package init(_ bytes: UnsafeRawBufferPointer) throws(ProtobufReader.Malformed) {
        var reader = ProtobufReader(bytes)
        while let (field, value) = try reader.next() {
            guard case .bytes(let bytes) = value else { continue }
            switch field {
            case 1: name = String(decoding: bytes, as: UTF8.self)
            case 2: operation = String(decoding: bytes, as: UTF8.self)
            case 5:  // attr
                let (key, value) = try SignatureDefinition.mapEntry(bytes)
                attributes[key] = try Attribute(value)
            default: continue
            }
        }
    }

    // MARK: Attributes

    /// - Throws: `INVALID_ARGUMENT` without such an attribute.
    func integer(_ name: String) throws(ServingError) -> Int {
        guard let value = try attribute(name).integers.first else { throw missing(name) }
        return Int(value)
    }

    func flag(_ name: String) throws(ServingError) -> Bool { try integer(name) != 0 }

    func text(_ name: String) throws(ServingError) -> String { String(decoding: try bytes(name), as: UTF8.self) }

    func bytes(_ name: String) throws(ServingError) -> [UInt8] { try attribute(name).text }

    /// Numbers, or those of data types.
    func integers(_ name: String) throws(ServingError) -> [Int] { try attribute(name).integers.map { Int($0) } }

    private func attribute(_ name: String) throws(ServingError) -> Attribute {
        guard let attribute = attributes[name] else { throw missing(name) }
        return attribute
    }

    private func missing(_ attribute: String) -> ServingError {
        .invalidArgument("\(operation): node \(name) has no value for the attribute \(attribute)")
    }
}

extension NodeDefinition.Attribute {
    /// list = 1, s = 2, i = 3, b = 5, type = 6. The others mean nothing to our operations.
    fileprivate init(_ bytes: UnsafeRawBufferPointer) throws(ProtobufReader.Malformed) {
        var reader = ProtobufReader(bytes)
        while let (field, value) = try reader.next() {
            switch (field, value) {
            case (1, .bytes(let list)): try readList(list)
            case (2, .bytes(let bytes)): text = Array(bytes)
            case (3, .varint(let number)), (5, .varint(let number)), (6, .varint(let number)):
                integers = [Int64(bitPattern: number)]
            default: continue
            }
        }
    }

    /// i = 3, type = 6: packed or not.
    private mutating func readList(_ list: UnsafeRawBufferPointer) throws(ProtobufReader.Malformed) {
        var reader = ProtobufReader(list)
        while let (field, value) = try reader.next() {
            guard field == 3 || field == 6 else { continue }
            switch value {
            case .varint(let number): integers.append(Int64(bitPattern: number))
            case .bytes(let packed):
                var numbers = ProtobufReader(packed)
                while !numbers.isAtEnd { integers.append(Int64(bitPattern: try numbers.varint())) }
            default: throw ProtobufReader.Malformed()
            }
        }
    }
}
