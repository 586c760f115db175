/// What all interpreters of a model have in common.
struct InterpreterPlan: Sendable {
    /// Numbers of the tensors of the first subgraph, in its order.
    let inputs: [Int]
    let outputs: [Int]
    /// Of both.
    let names: [Int: String]
    /// The sizes of each of `inputs`, for runs that do not feed it.
    let inputShapes: [[Int]]
    /// The signature of TFLite's under which LiteRT runs the first subgraph.
    let entryPoint: Int

    init(_ file: TFLiteFile) {
        inputs = file.inputs
        outputs = file.outputs
        names = file.tensors.mapValues(\.name)
        inputShapes = file.inputs.map { file.tensors[$0]?.shape.map { max($0, 1) } ?? [] }
        entryPoint = file.entryPoint
    }
}
