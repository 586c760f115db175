import FrontendREST
import ServingPrimitives
import WireFormat

/// What fuzz-repository-request does with an input, and the tests with its corpus: reads it as the body of a call that
/// loads a model. What cannot be used is INVALID_ARGUMENT with a reason.
package enum RepositoryRequestExercise {
    package static func run(_ input: UnsafeRawBufferPointer) {
        if let fault = fault(in: input) { fatalError(fault) }
    }

    /// `nil` when all is well.
    package static func fault(in input: UnsafeRawBufferPointer) -> String? {
        do throws(ServingError) {
            let request = try RepositoryRequest(input)
            _ = try request.parameters.settings(for: "m")
            try request.parameters.checkForUnload()
            return nil
        } catch {
            return error.code == .invalidArgument && !error.message.isEmpty ? nil : "\(error)"
        }
    }
}
