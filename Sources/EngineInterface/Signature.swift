public import Tensors

/// One named way to call a model: which tensors it takes and gives.
public struct Signature: Sendable {
    /// One input or output.
    public struct Parameter: Sendable {
        /// The name clients use.
        public var name: String
        /// `nil` where the declared type is one that requests cannot carry (resource, variant, int4).
        public var elementType: ElementType?
        /// Sizes, -1 where any size goes; `nil` when even the rank is open.
        public var shape: [Int]?
        /// The engine's own name for the tensor (`dense/BiasAdd:0`); error texts quote it.
        public var tensorName: String
        /// What an absent input is taken to be. Outputs have none.
        public var defaultValue: Tensor?

        public init(
            name: String,
            elementType: ElementType?,
            shape: [Int]?,
            tensorName: String,
            defaultValue: Tensor? = nil
        ) {
            self.name = name
            self.elementType = elementType
            self.shape = shape
            self.tensorName = tensorName
            self.defaultValue = defaultValue
        }
    }

    public var name: String
    /// `tensorflow/serving/predict`, `.../classify`, `.../regress`, or whatever the model states.
    public var methodName: String
    /// Sorted by name.
    public var inputs: [Parameter]
    /// Sorted by name.
    public var outputs: [Parameter]
    /// The signature as the model's file states it: a serialized `tensorflow.SignatureDef` for a SavedModel, passed on
    /// unchanged by GetModelMetadata. Empty where the engine's format has no such thing.
    public var definition: [UInt8]
    /// Whether runs may be put together along their first dimension. An engine says no where that is wrong for what the
    /// inputs mean, or costs more than it saves: then each request is a run, whatever the batching parameters say.
    public var sharesBatches: Bool

    public init(
        name: String,
        methodName: String,
        inputs: [Parameter],
        outputs: [Parameter],
        definition: [UInt8] = [],
        sharesBatches: Bool = true
    ) {
        self.name = name
        self.methodName = methodName
        self.inputs = inputs.sorted { $0.name < $1.name }
        self.outputs = outputs.sorted { $0.name < $1.name }
        self.definition = definition
        self.sharesBatches = sharesBatches
    }
}
