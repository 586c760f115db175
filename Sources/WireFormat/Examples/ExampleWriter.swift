public import Tensors

/// Writes serialized `tensorflow.Example` messages, feature by feature, for frontends whose wire is not protobuf.
public struct ExampleWriter {
    /// What a feature's values are: the field numbers of `tensorflow.Feature`.
    public enum Kind: UInt64, Sendable {
        case bytes = 1
        case float = 2
        case int64 = 3
    }

    /// The kind of the feature that is being written; `nil` before its first value.
    public private(set) var kind: Kind?
    /// Values of that feature as they stand in its list.
    private var values: [UInt8] = []
    /// Features of the example so far.
    private var features: [UInt8] = []

    public init() {}

    // All values of a feature must be of one kind.

    public mutating func append(_ value: Float) {
        begin(.float)
        withUnsafeBytes(of: value.bitPattern.littleEndian) { values.append(contentsOf: $0) }
    }

    public mutating func append(_ value: Int64) {
        begin(.int64)
        values.appendVarint(UInt64(bitPattern: value))
    }

    public mutating func append(_ value: some Collection<UInt8>) {
        begin(.bytes)
        values.appendHeader(1, length: value.count)
        values.append(contentsOf: value)
    }

    private mutating func begin(_ kind: Kind) {
        precondition(self.kind == nil || self.kind == kind, "values of a feature are of one kind")
        self.kind = kind
    }

    /// Ends the feature and names it. Without values it has no kind. Of features of one name readers take the last one.
    public mutating func endFeature(named name: some Collection<UInt8>) {
        let listByteCount = isPacked ? WireSize.field(1, length: values.count) : values.count
        let byteCount = kind.map { WireSize.field(UInt32($0.rawValue), length: listByteCount) } ?? 0
        // An entry of the map `feature`: key (1) and value (2).
        features.appendHeader(1, length: WireSize.field(1, length: name.count) + WireSize.field(2, length: byteCount))
        features.appendHeader(1, length: name.count)
        features.append(contentsOf: name)
        features.appendHeader(2, length: byteCount)
        if let kind {
            features.appendHeader(kind.rawValue, length: listByteCount)
            if isPacked { features.appendHeader(1, length: values.count) }
            features += values
        }
        kind = nil
        values.removeAll(keepingCapacity: true)
    }

    /// Numbers stand one behind the other in one field of their list; each text is a field of its own.
    private var isPacked: Bool { kind == .float || kind == .int64 }

    /// Ends the example and appends it to `examples`.
    public mutating func endExample(appendingTo examples: inout StringTensorBuilder) {
        let header = exampleHeader
        features.withUnsafeBytes { examples.append(header, then: $0) }
        features.removeAll(keepingCapacity: true)
    }

    /// Ends the example and hands out its bytes.
    public mutating func endExample() -> [UInt8] {
        defer { features.removeAll(keepingCapacity: true) }
        return exampleHeader + features
    }

    /// What stands in front of the features: their field (1), which an example without any does not have.
    private var exampleHeader: [UInt8] {
        var header: [UInt8] = []
        if !features.isEmpty { header.appendHeader(1, length: features.count) }
        return header
    }
}

extension [UInt8] {
    fileprivate mutating func appendVarint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        append(UInt8(truncatingIfNeeded: rest))
    }

    /// Tag and length of a length-delimited field.
    fileprivate mutating func appendHeader(_ field: UInt64, length: Int) {
        appendVarint(field << 3 | 2)
        appendVarint(UInt64(length))
    }
}
