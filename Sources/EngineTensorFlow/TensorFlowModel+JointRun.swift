import CTensorFlow
package import EngineInterface
package import ServingPrimitives
package import Tensors

extension TensorFlowModel {
    /// One session run over the union of the parts' tensors.
    ///
    /// What clients combine is bounded by `JointRuns`: further combinations run part by part, with the same results.
    package func runJointly(_ parts: [RunRequest]) throws(ServingError) -> [Tensor] {
        var union = JointRunUnion()
        var selections: [[Int]] = []
        // The order of feeds and fetches makes a difference to TensorFlow's memory, so it is not the client's.
        for part in parts.sorted(by: { $0.signature < $1.signature }) {
            let signature = try signature(for: part)
            let outputs = try signature.selection(for: part.outputs) ?? part.outputs
            union.add(part.inputs, to: signature.feeds)
            union.add(outputs.map { signature.fetches[$0] })
            selections.append([part.signature] + outputs)
        }
        guard let first = parts.first, jointRuns.allow(selections) else { return try runOneByOne(parts) }
        let tensors = try run(first, union.tensors, union.feeds, union.fetches)
        return parts.flatMap { part in
            // The outputs of every part were added to the union.
            part.outputs.map { tensors[union.place(of: bound[part.signature].fetches[$0])!] }
        }
    }
}
