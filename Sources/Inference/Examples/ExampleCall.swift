public import Tensors

/// A Classify or Regress request in neutral values, whatever wire it came by.
public struct ExampleCall: Sendable {
    public var model: ModelSelector
    /// A string vector: one serialized `tensorflow.Example` for each element.
    public var examples: Tensor
    public var terms: CallTerms

    public init(model: ModelSelector, examples: Tensor, terms: CallTerms = CallTerms()) {
        self.model = model
        self.examples = examples
        self.terms = terms
    }
}

/// Several Classify and Regress requests over the same examples, for different signatures of one model.
public struct MultiInferenceCall: Sendable {
    /// What to do with one signature.
    public struct Task: Sendable {
        public var model: ModelSelector
        /// `tensorflow/serving/classify` or `tensorflow/serving/regress`.
        public var methodName: String

        public init(model: ModelSelector, methodName: String) {
            self.model = model
            self.methodName = methodName
        }
    }

    public var tasks: [Task]
    /// As in `ExampleCall`.
    public var examples: Tensor
    public var terms: CallTerms

    public init(tasks: [Task], examples: Tensor, terms: CallTerms = CallTerms()) {
        self.tasks = tasks
        self.examples = examples
        self.terms = terms
    }
}
