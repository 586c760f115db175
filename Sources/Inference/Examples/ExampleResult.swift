public import Servables
public import Tensors

/// The answer to a Classify or Regress call. Holding it keeps the version loaded: let go of it when it is written.
public struct ExampleResult<Answer: Sendable>: Sendable {
    /// Model name and the version that answered.
    public var servable: ServableID { lease.id }
    /// The resolved signature name (`serving_default` spelled out).
    public var signatureName: String
    public var answer: Answer
    public var lease: ServableLease

    public init(signatureName: String, answer: Answer, lease: ServableLease) {
        self.signatureName = signatureName
        self.answer = answer
        self.lease = lease
    }
}

public typealias ClassifyResult = ExampleResult<Classifications>
public typealias RegressResult = ExampleResult<Regressions>

/// For each example the same number of classes, in the order of the model's columns.
public struct Classifications: Sendable {
    public let exampleCount: Int
    public let classCount: Int
    /// Strings, `[exampleCount, classCount]`; `nil` when the signature gives none, then labels are empty.
    public let labels: Tensor?
    /// Floats, `[exampleCount, classCount]`; `nil` when the signature gives none, then scores are 0.
    public let scores: Tensor?

    /// The tensors are of the types and sizes above.
    public init(exampleCount: Int, classCount: Int, labels: Tensor?, scores: Tensor?) {
        let count = exampleCount * classCount
        precondition(labels.map { $0.elementType == .string && $0.shape.elementCount == count } ?? true)
        precondition(scores.map { $0.elementType == .float32 && $0.shape.elementCount == count } ?? true)
        self.exampleCount = exampleCount
        self.classCount = classCount
        self.labels = labels
        self.scores = scores
    }

    /// Calls `body` with label and score of each class of one example.
    public func forEachClass<E: Error>(
        ofExample example: Int,
        _ body: (StringElement, Float) throws(E) -> Void
    ) throws(E) {
        let first = example * classCount
        let places = first..<first + classCount
        guard let labels else {
            return try forEachScore(places) { (_, score) throws(E) in try body(Self.noLabel, score) }
        }
        try labels.withStrings { (strings) throws(E) in
            try forEachScore(places) { (place, score) throws(E) in try body(strings[place], score) }
        }
    }

    private static let noLabel = StringElement(start: nil, count: 0)

    private func forEachScore<E: Error>(
        _ places: Range<Int>,
        _ body: (Int, Float) throws(E) -> Void
    ) throws(E) {
        guard let scores else {
            for place in places { try body(place, 0) }
            return
        }
        try scores.withUnsafeBytes { (bytes) throws(E) in
            for place in places {
                try body(place, bytes.loadUnaligned(fromByteOffset: place * MemoryLayout<Float>.stride, as: Float.self))
            }
        }
    }
}

/// One value for each example.
public struct Regressions: Sendable {
    public let exampleCount: Int
    /// So many floats.
    public let values: Tensor

    /// The tensor is as above, of any rank.
    public init(exampleCount: Int, values: Tensor) {
        precondition(values.elementType == .float32 && values.shape.elementCount == exampleCount)
        self.exampleCount = exampleCount
        self.values = values
    }

    /// Calls `body` with each value.
    public func forEachValue<E: Error>(_ body: (Float) throws(E) -> Void) throws(E) {
        try values.withUnsafeBytes { (bytes) throws(E) in
            for place in 0..<exampleCount {
                try body(bytes.loadUnaligned(fromByteOffset: place * MemoryLayout<Float>.stride, as: Float.self))
            }
        }
    }
}

/// The answers to a MultiInference call, in the order of its tasks.
public struct MultiInferenceResult: Sendable {
    public enum Answer: Sendable {
        case classifications(Classifications)
        case regressions(Regressions)
    }

    /// What one task gave.
    public struct TaskResult: Sendable {
        /// The resolved signature name.
        public var signatureName: String
        public var answer: Answer

        public init(signatureName: String, answer: Answer) {
            self.signatureName = signatureName
            self.answer = answer
        }
    }

    /// Model name and the version that answered.
    public var servable: ServableID { lease.id }
    public var results: [TaskResult]
    public var lease: ServableLease

    public init(results: [TaskResult], lease: ServableLease) {
        self.results = results
        self.lease = lease
    }
}
