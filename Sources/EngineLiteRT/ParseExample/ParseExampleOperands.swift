import CLiteRT

extension ParseExampleNode {
    /// The tensors of the operation by their roles. They follow from the numbers of inputs and outputs, so the options,
    /// which every converter writes differently, need not be read.
    struct Operands {
        let inputs: [Int]
        let outputs: [Int]
        let denseCount: Int
        let sparseCount: Int
        private let isVersion2: Bool

        /// ParseExample: examples, names, a key for each sparse feature, a key for each dense one, its default.
        /// ParseExampleV2: examples, names, all sparse keys, all dense keys, all ragged keys, defaults of dense features.
        /// Outputs of both: indices, values and shapes of the sparse features, then the dense ones.
        init(_ node: TfLiteNode, isVersion2: Bool) throws(ParseExampleError) {
            inputs = Self.tensors(node.inputs)
            outputs = Self.tensors(node.outputs)
            self.isVersion2 = isVersion2
            if isVersion2 {
                denseCount = inputs.count - 5
                sparseCount = (outputs.count - denseCount) / 3
            } else {
                // inputs = 2 + sparse + 2 dense, outputs = 3 sparse + dense
                denseCount = (3 * (inputs.count - 2) - outputs.count) / 5
                sparseCount = inputs.count - 2 - 2 * denseCount
            }
            guard denseCount >= 0, sparseCount >= 0, outputs.count == 3 * sparseCount + denseCount,
                !(inputs + outputs).contains(where: { $0 < 0 })
            else {
                throw ParseExampleError(
                    "ParseExample with \(inputs.count) inputs and \(outputs.count) outputs is not supported"
                )
            }
        }

        func defaultTensor(_ dense: Int) -> Int {
            isVersion2 ? inputs[5 + dense] : inputs[2 + sparseCount + denseCount + dense]
        }

        func denseName(
            _ dense: Int,
            _ tensors: UnsafeMutablePointer<TfLiteTensor>
        ) throws(ParseExampleError) -> [UInt8] {
            isVersion2
                ? try string(dense, of: tensors[inputs[3]])
                : try string(0, of: tensors[inputs[2 + sparseCount + dense]])
        }

        func sparseName(
            _ sparse: Int,
            _ tensors: UnsafeMutablePointer<TfLiteTensor>
        ) throws(ParseExampleError) -> [UInt8] {
            isVersion2
                ? try string(sparse, of: tensors[inputs[2]])
                : try string(0, of: tensors[inputs[2 + sparse]])
        }

        private func string(_ index: Int, of tensor: TfLiteTensor) throws(ParseExampleError) -> [UInt8] {
            guard tensor.type == kTfLiteString, let strings = StringBuffer.strings(of: tensor), index < strings.count
            else { throw ParseExampleError("A key of ParseExample is not a constant string") }
            return Array(strings[index])
        }

        private static func tensors(_ array: UnsafeMutablePointer<TfLiteIntArray>) -> [Int] {
            UnsafeBufferPointer(start: clr_int_array_data(array), count: Int(array.pointee.size)).map(Int.init)
        }
    }
}
