public import Servables
public import Tensors

/// Which model, version and signature a request names.
public struct ModelSelector: Sendable, Hashable {
    public var name: String
    public var version: VersionChoice
    /// Empty means `serving_default`.
    public var signatureName: String

    public init(name: String, version: VersionChoice = .latest, signatureName: String = "") {
        self.name = name
        self.version = version
        self.signatureName = signatureName
    }
}

/// A tensor and the name the client gives it.
public struct NamedTensor: Sendable {
    public var name: String
    public var tensor: Tensor

    public init(name: String, tensor: Tensor) {
        self.name = name
        self.tensor = tensor
    }
}

/// A Predict request in neutral values, whatever wire it came by.
public struct PredictCall: Sendable {
    public var model: ModelSelector
    public var inputs: [NamedTensor]
    /// Output names to answer with; empty means all.
    public var outputFilter: [String]
    public var terms: CallTerms

    public init(
        model: ModelSelector,
        inputs: [NamedTensor],
        outputFilter: [String] = [],
        terms: CallTerms = CallTerms()
    ) {
        self.model = model
        self.inputs = inputs
        self.outputFilter = outputFilter
        self.terms = terms
    }
}

/// The answer to a Predict call. Holding it keeps the version loaded: let go of it when the answer is written.
public struct PredictResult: Sendable {
    /// Model name and the version that answered.
    public var servable: ServableID { lease.id }
    /// The resolved signature name (`serving_default` spelled out).
    public var signatureName: String
    /// In the order of the filter, or sorted by name.
    public var outputs: [NamedTensor]
    public var lease: ServableLease

    public init(signatureName: String, outputs: [NamedTensor], lease: ServableLease) {
        self.signatureName = signatureName
        self.outputs = outputs
        self.lease = lease
    }
}
