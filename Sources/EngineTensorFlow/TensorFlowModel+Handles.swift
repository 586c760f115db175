package import CTensorFlow

extension TensorFlowModel {
    /// What a caller of the C API needs to run a signature itself. For measuring what the engine adds to that.
    package struct Handles {
        package let session: OpaquePointer
        package let feeds: [TF_Output]
        package let fetches: [TF_Output]
        /// Keeps the run in the calling thread.
        package let runOptions: UnsafePointer<TF_Buffer>
    }

    /// The handles of the signature of that index. They live as long as the model.
    package func handles(of signature: Int) -> Handles {
        Handles(
            session: session.handle,
            feeds: bound[signature].feeds,
            fetches: bound[signature].fetches,
            runOptions: inCallingThread.buffer
        )
    }
}
