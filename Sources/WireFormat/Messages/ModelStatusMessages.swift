public import Servables
public import ServingPrimitives
public import ServingProtos

extension Tensorflow_Serving_GetModelStatusResponse {
    /// - Parameter versions: in the order to answer in, newest first.
    public init(_ versions: [VersionStatus]) {
        self.init()
        modelVersionStatus = versions.map { Tensorflow_Serving_ModelVersionStatus($0) }
    }
}

extension Tensorflow_Serving_ModelVersionStatus {
    public init(_ status: VersionStatus) {
        self.init()
        version = status.version
        state = State(status.state)
        // Always there, also when all is well: clients read its code.
        self.status = Tensorflow_Serving_StatusProto(status.error)
        self.status.errorMessage = status.message
    }
}

extension Tensorflow_Serving_ModelVersionStatus.State {
    public init(_ state: ServableState) {
        self =
            switch state {
            case .start: .start
            case .loading: .loading
            case .available: .available
            case .unloading: .unloading
            case .end: .end
            }
    }
}

extension Tensorflow_Serving_StatusProto {
    /// `nil` is OK.
    public init(_ error: ServingError?) {
        self.init()
        guard let error else { return }
        errorCode = Tensorflow_Error_Code(rawValue: Int(error.code.rawValue)) ?? .unknown
        errorMessage = error.message
    }
}
