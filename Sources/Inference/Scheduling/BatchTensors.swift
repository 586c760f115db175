import EngineInterface

/// Which tensors of a model a run feeds and fetches: runs with the same ones can share batches, whatever their
/// signatures are called.
struct BatchTensors: Hashable, Sendable {
    private let inputs: [String]
    private let outputs: [String]
    /// For runs of several signatures, what these are: they share batches only with their like.
    private let parts: [RunKey]

    init(_ run: ModelRun) {
        inputs = run.inputTensorNames.sorted()
        outputs = Set(run.outputTensorNames).sorted()
        parts = run.isJoint ? run.requests.map { RunKey($0) } : []
    }
}

/// What two runs have in common that need the same of a model.
struct RunKey: Hashable, Sendable {
    private let signature: Int
    private let outputs: [Int]
    private let others: [RunKey]

    init(_ run: ModelRun) {
        signature = run.request.signature
        outputs = run.request.outputs
        others = run.others.map { RunKey($0) }
    }

    init(_ request: RunRequest) {
        signature = request.signature
        outputs = request.outputs
        others = []
    }
}

extension ModelRun {
    /// The runs of each signature that it is made of.
    var requests: [RunRequest] { isJoint ? [request] + others : [request] }

    /// The engine's names of the inputs of all signatures, one for each tensor of the requests.
    var inputTensorNames: [String] {
        requests.flatMap { signature(of: $0).inputs.map(\.tensorName) }
    }

    /// The engine's names of the outputs asked for.
    var outputTensorNames: [String] {
        requests.flatMap { request in
            let outputs = signature(of: request).outputs
            return request.outputs.map { outputs[$0].tensorName }
        }
    }

    /// Whether it is one of many that a client can make of one model: a choice of outputs, or of signatures.
    var isSelective: Bool { isJoint || Set(request.outputs).count != executor.signature.outputs.count }

    private func signature(of request: RunRequest) -> Signature {
        model.servable.model.signatures[request.signature]
    }
}
