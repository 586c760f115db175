import EngineTensorFlow

/// What fuzz-model-state does with an input: looks in it as in a saved model for what its runs leave behind.
package enum ModelStateExercise {
    package static func run(_ input: UnsafeRawBufferPointer) { _ = isKept(in: input) }

    /// `nil` where the bytes were refused.
    package static func isKept(in input: UnsafeRawBufferPointer) -> Bool? { (try? ModelState(input))?.isKept }
}
