import Inference
import ServingPrimitives
import Tensors

/// The tensors of a request by name, in the order they came. Of several entries with the same name the last one counts,
/// also when it replaces one that is not a tensor.
struct NamedTensorMap {
    private var tensors: [NamedTensor] = []
    /// Where each name is in `tensors`; empty as long as looking through them is quicker.
    private var positions: [String: Int] = [:]
    /// Names whose last entry is not a tensor, and which one that was.
    private var failures: [String: (order: Int, error: TensorError)] = [:]
    private var entryCount = 0
    private static let searchLimit = 16

    /// Names met, wrong ones included.
    var count: Int { tensors.count + failures.count }

    /// Takes one entry as it is on the wire: a message of key (1) and value (2), either of which may be missing.
    mutating func merge(
        entry: UnsafeRawBufferPointer,
        owner: AnyObject,
        budget: inout AllocationBudget
    ) throws(WireError) {
        var reader = WireReader(entry)
        var name = ""
        var fields = TensorFields()
        while !reader.isAtEnd {
            let tag = try reader.tag()
            switch tag {
            case .bytes(1): name = try reader.string()
            case .bytes(2): try fields.merge(try reader.payload())
            default: try reader.skip(tag)
            }
        }
        set(name, Result { () throws(TensorError) in try fields.tensor(owner: owner, budget: &budget) })
        guard count <= PredictRequestDecoder.maximumNames else {
            throw WireError(.tooManyNames, at: reader.position)
        }
    }

    mutating func set(_ name: String, _ tensor: Result<Tensor, TensorError>) {
        entryCount += 1
        switch tensor {
        case .success(let tensor):
            if !failures.isEmpty { failures[name] = nil }
            set(name, tensor)
        case .failure(let error):
            failures[name] = (entryCount, error)
        }
    }

    private mutating func set(_ name: String, _ tensor: Tensor) {
        if let position = position(of: name) {
            tensors[position].tensor = tensor
            return
        }
        tensors.append(NamedTensor(name: name, tensor: tensor))
        if !positions.isEmpty {
            positions[name] = tensors.count - 1
        } else if tensors.count > Self.searchLimit {
            for (position, tensor) in tensors.enumerated() { positions[tensor.name] = position }
        }
    }

    private func position(of name: String) -> Int? {
        positions.isEmpty ? tensors.firstIndex { $0.name == name } : positions[name]
    }

    /// - Throws: `INVALID_ARGUMENT` `tensor parsing error: NAME` and what was wrong, for the first name that has no
    ///   tensor.
    consuming func finish() throws(ServingError) -> [NamedTensor] {
        if let (name, failure) = failures.min(by: { $0.value.order < $1.value.order }) {
            throw .invalidArgument("tensor parsing error: \(name): \(failure.error.message)")
        }
        return tensors
    }
}
