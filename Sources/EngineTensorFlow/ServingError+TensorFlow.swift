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

    /// Calls `body` with a new status, and throws what it carries afterwards.
    ///
    /// Most functions of the C API set a status only when they fail.
    static func check<R>(_ body: (_ status: OpaquePointer) -> R) throws(ServingError) -> R {
        let status = TF_NewStatus()
        defer { TF_DeleteStatus(status) }
        let result = body(status)
        if let error = ServingError(status) { throw error }
        return result
    }
}
