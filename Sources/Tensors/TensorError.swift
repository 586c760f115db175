/// Why a tensor could not be made from a claimed type, shape and bytes.
public struct TensorError: Error, Sendable, Hashable, CustomStringConvertible {
    public var message: String

    public init(_ message: String) { self.message = message }

    public var description: String { message }
}
