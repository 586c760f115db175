extension SignatureDefinition {
    /// A serialized `tensorflow.SignatureDef`: inputs = 1, outputs = 2, method_name = 3.
    package static func encode(
        methodName: String,
        inputs: [(name: String, info: TensorInfo)],
        outputs: [(name: String, info: TensorInfo)]
    ) -> [UInt8] {
        var writer = ProtobufWriter()
        for (field, entries) in [(1, inputs), (2, outputs)] {
            for (name, info) in entries {
                writer.message(field) {
                    $0.string(1, name)
                    $0.message(2) { info.write(to: &$0) }
                }
            }
        }
        writer.string(3, methodName)
        return writer.bytes
    }
}

extension SignatureDefinition.TensorInfo {
    /// - Parameter type: a number of `tensorflow.DataType`.
    package init(name: String, type: Int32, shape: [Int]?) {
        self.init()
        encoding = .tensor(name)
        self.type = type
        self.shape = shape
    }

    /// name = 1, dtype = 2, tensor_shape = 3 { dim = 2 { size = 1 }, unknown_rank = 3 }
    fileprivate func write(to writer: inout ProtobufWriter) {
        if case .tensor(let name) = encoding { writer.string(1, name) }
        writer.integer(2, Int(type))
        writer.message(3) { writer in
            guard let shape else { return writer.bool(3, true) }
            for size in shape { writer.message(2) { $0.integer(1, size) } }
        }
    }
}
