import ModelSignatures
package import ServingPrimitives

/// Puts the nodes of a serialized `tensorflow.SavedModel` on a device: those of its graphs and of the functions in their
/// libraries. Every other byte stays as it is; nothing but nodes is looked into. Field numbers are those of
/// tensorflow/core/protobuf/saved_model.proto, meta_graph.proto, and of graph.proto, function.proto and node_def.proto
/// in tensorflow/core/framework.
///
/// The lengths of all messages around a node change with it, and stand before them: so the bytes are walked through
/// twice, once for the lengths, once to write. Memory: four bytes for each node.
package struct DeviceRewrite {
    /// A message on the way to a node.
    private enum Level {
        case savedModel, metaGraph, graph, library, function, node

        func child(in field: Int) -> Level? {
            switch (self, field) {
            case (.savedModel, 2): .metaGraph  // meta_graphs
            case (.metaGraph, 2): .graph  // graph_def
            case (.graph, 1): .node
            case (.graph, 2): .library
            case (.library, 1): .function
            case (.function, 3): .node  // node_def
            default: nil
            }
        }
    }

    private static let deviceField = 4
    /// What protobuf reads.
    private static let maximumLength = Int(Int32.max)
    /// The largest graphs have some hundred thousand.
    private static let maximumCount = 10_000_000

    private let device: DeviceName
    private let name: [UInt8]
    /// Of every message on the way, in the order in which they begin.
    private var lengths: [Int32] = []
    private let input: UnsafeRawBufferPointer
    /// Bytes that will be written.
    package private(set) var length = 0
    /// Nodes that get another device.
    package private(set) var changedNodes = 0

    /// - Parameter input: must stay in place while this is used.
    /// - Throws: `INVALID_ARGUMENT` when the bytes are no such message, or are too large for one afterwards.
    package init(_ input: UnsafeRawBufferPointer, device: DeviceName) throws(ServingError) {
        self.input = input
        self.device = device
        name = Array(device.nameInGraph.utf8)
        do throws(ProtobufReader.Malformed) {
            length = try measure(.savedModel, input)
        } catch {
            throw .invalidArgument("it is no SavedModel, or one with more than \(Self.maximumCount) nodes")
        }
        guard length <= Self.maximumLength else {
            throw .invalidArgument(
                "with the names of devices it has \(length) bytes; at most \(Self.maximumLength) are read"
            )
        }
    }

    // MARK: Lengths

    private mutating func measure(
        _ level: Level,
        _ message: UnsafeRawBufferPointer
    ) throws(ProtobufReader.Malformed) -> Int {
        guard lengths.count < Self.maximumCount else { throw ProtobufReader.Malformed() }
        let slot = lengths.count
        lengths.append(0)
        var length = 0
        if level == .node {
            let node = try NodeDevice(message)
            let isChanged = changes(node)
            if isChanged { changedNodes += 1 }
            length = isChanged ? message.count - node.fieldBytes + Self.size(of: name.count) : message.count
        } else {
            var reader = ProtobufReader(message)
            var start = 0
            while let (field, value) = try reader.next() {
                if case .bytes(let content) = value, let child = level.child(in: field) {
                    length += Self.size(of: try measure(child, content))
                } else {
                    length += reader.offset - start
                }
                start = reader.offset
            }
        }
        // What is too long for a number is too long for a message, and is refused with the whole.
        lengths[slot] = Int32(clamping: length)
        return length
    }

    /// Bytes of a field of so many bytes, with its key (of one byte, as all on the way have) and its length.
    private static func size(of length: Int) -> Int { 1 + varintLength(length) + length }

    private static func varintLength(_ value: Int) -> Int {
        max((Int.bitWidth - value.leadingZeroBitCount + 6) / 7, 1)
    }

    /// Whether the node gets the device. What was put on a CPU on purpose stays there when the rest goes to an
    /// accelerator: it often has no kernel for that.
    private func changes(_ node: NodeDevice) -> Bool {
        guard let before = node.device, !before.isEmpty else { return true }
        if before.elementsEqual(name) && node.fieldBytes == Self.size(of: name.count) { return false }
        return device.isCPU || !Self.isOnCPU(before)
    }

    /// Whether a name that TensorFlow takes says CPU: `/device:CPU:0`, `/job:x/task:0/cpu:0`.
    private static func isOnCPU(_ name: UnsafeRawBufferPointer) -> Bool {
        let words = name.split { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: ":") }
        return words.contains { word in word.count == 3 && String(decoding: word, as: UTF8.self).uppercased() == "CPU" }
    }

    // MARK: Writing

    /// Writes the message in pieces.
    package func write(_ sink: (UnsafeRawBufferPointer) throws(ServingError) -> Void) throws(ServingError) {
        var next = 0
        var head: [UInt8] = []
        try write(.savedModel, input, &next, &head, sink)
    }

    private func write(
        _ level: Level,
        _ message: UnsafeRawBufferPointer,
        _ next: inout Int,
        _ head: inout [UInt8],
        _ sink: (UnsafeRawBufferPointer) throws(ServingError) -> Void
    ) throws(ServingError) {
        next += 1
        if level == .node { return try writeNode(message, &head, sink) }
        var reader = ProtobufReader(message)
        // Fields that stay are written together.
        var (written, start) = (0, 0)
        while let (field, value) = Self.next(&reader) {
            if case .bytes(let content) = value, let child = level.child(in: field) {
                if start > written { try sink(UnsafeRawBufferPointer(rebasing: message[written..<start])) }
                try writeKey(field, Int(lengths[next]), &head, sink)
                try write(child, content, &next, &head, sink)
                written = reader.offset
            }
            start = reader.offset
        }
        if message.count > written { try sink(UnsafeRawBufferPointer(rebasing: message[written...])) }
    }

    private func writeNode(
        _ message: UnsafeRawBufferPointer,
        _ head: inout [UInt8],
        _ sink: (UnsafeRawBufferPointer) throws(ServingError) -> Void
    ) throws(ServingError) {
        // It was read once, so it can be read.
        guard let node = try? NodeDevice(message), changes(node) else {
            return message.isEmpty ? () : try sink(message)
        }
        var reader = ProtobufReader(message)
        var (written, start) = (0, 0)
        while let (field, value) = Self.next(&reader) {
            if field == Self.deviceField, case .bytes = value {
                if start > written { try sink(UnsafeRawBufferPointer(rebasing: message[written..<start])) }
                written = reader.offset
            }
            start = reader.offset
        }
        if message.count > written { try sink(UnsafeRawBufferPointer(rebasing: message[written...])) }
        try writeKey(Self.deviceField, name.count, &head, sink)
        try name.withUnsafeBufferPointer { (bytes) throws(ServingError) in try sink(UnsafeRawBufferPointer(bytes)) }
    }

    private func writeKey(
        _ field: Int,
        _ length: Int,
        _ head: inout [UInt8],
        _ sink: (UnsafeRawBufferPointer) throws(ServingError) -> Void
    ) throws(ServingError) {
        head.removeAll(keepingCapacity: true)
        head.append(UInt8(field) << 3 | 2)
        var rest = length
        while rest > 0x7F {
            head.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        head.append(UInt8(rest))
        try head.withUnsafeBufferPointer { (bytes) throws(ServingError) in try sink(UnsafeRawBufferPointer(bytes)) }
    }

    /// The next field of bytes that were read before.
    private static func next(_ reader: inout ProtobufReader) -> (field: Int, value: ProtobufReader.Value)? {
        (try? reader.next()) ?? nil
    }

    /// What a `tensorflow.NodeDef` says of its device.
    private struct NodeDevice {
        /// Of several the last counts.
        var device: UnsafeRawBufferPointer?
        /// Bytes of all fields that say it.
        var fieldBytes = 0

        init(_ node: UnsafeRawBufferPointer) throws(ProtobufReader.Malformed) {
            var reader = ProtobufReader(node)
            var start = 0
            while let (field, value) = try reader.next() {
                if field == DeviceRewrite.deviceField, case .bytes(let bytes) = value {
                    device = bytes
                    fieldBytes += reader.offset - start
                }
                start = reader.offset
            }
        }
    }
}

extension DeviceRewrite {
    /// The whole message in memory.
    package func rewritten() throws(ServingError) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(length)
        try write { bytes += $0 }
        return bytes
    }
}
