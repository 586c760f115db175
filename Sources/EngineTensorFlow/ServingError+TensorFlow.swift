import CTensorFlow
import ServingPrimitives

extension ServingError {
    /// The error a status carries, TensorFlow's own text kept whole; `nil` when it is OK.
    ///
    /// The one place where native status becomes an error: TensorFlow's codes are the canonical ones.
    init?(_ status: OpaquePointer) {
        let code = TF_GetCode(status)
        guard code != 0 else { return nil }
        self.init(CanonicalCode(rawValue: code) ?? .unknown, String(cString: TF_Message(status)))
    }

    /// Throws what `status` carries, if anything.
    static func check(_ status: OpaquePointer) throws(ServingError) {
        if let error = ServingError(status) { throw error }
    }
}
