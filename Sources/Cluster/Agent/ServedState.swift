/// How a servable is, as far as others need to know.
public struct ServedState: Sendable, Hashable {
    /// `ModelVersionStatus.State` of TensorFlow Serving, of the newest version that is available, else of the newest; 0 where
    /// there is none.
    public var state: Int64
    /// Whether a request for it would be answered.
    public var answers: Bool

    public init(state: Int64, answers: Bool) {
        self.state = state
        self.answers = answers
    }

    public static let absent = ServedState(state: 0, answers: false)
}
