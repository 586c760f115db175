public import ServingPrimitives

extension ServingError {
    /// One error that tells all of `problems`, with the code of the first and beginning with its text; `nil` for none.
    public static func listing(_ problems: [ServingError]) -> ServingError? {
        guard let first = problems.first else { return nil }
        return ServingError(first.code, problems.map(\.message).joined(separator: "; "))
    }

    /// TensorFlow Serving's own binary ends the process here.
    public static var customModels: ServingError {
        .invalidArgument(
            "custom_model_config is not supported: this server has no loader for it; use model_config_list"
        )
    }
}
