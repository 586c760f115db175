public import ServingPrimitives

/// What is missing or wrong in a version's folder.
public struct VersionDefect: Sendable, Hashable {
    /// For a person to read.
    public var text: String
    /// An engine might load it all the same, and must not.
    public var refusal: CanonicalCode?

    public init(_ text: String, refusal: CanonicalCode? = nil) {
        self.text = text
        self.refusal = refusal
    }
}
