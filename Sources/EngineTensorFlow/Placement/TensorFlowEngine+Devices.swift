import CTensorFlow
public import ServingPrimitives

/// A device that TensorFlow has.
public struct TensorFlowDevice: Sendable, Hashable {
    public var name: DeviceName
    /// What models may take on it; `nil` for a CPU, whose memory is the system's.
    public var memoryBytes: Int?
}

extension TensorFlowEngine {
    /// The devices of this process. Opens libtensorflow.
    ///
    /// - Throws: as `findLibrary`, or TensorFlow's reason.
    public func devices() throws(ServingError) -> [TensorFlowDevice] {
        _ = try openLibrary()
        let sessionOptions = TF_NewSessionOptions()
        defer { TF_DeleteSessionOptions(sessionOptions) }
        let config = SessionConfiguration.config(options)
        try ServingError.check { TF_SetConfig(sessionOptions, config, config.count, $0) }
        let graph = TF_NewGraph()
        defer { TF_DeleteGraph(graph) }
        guard let session = try ServingError.check({ TF_NewSession(graph, sessionOptions, $0) }) else {
            throw .internalError("TensorFlow made no session to ask for its devices")
        }
        defer {
            let status = TF_NewStatus()
            TF_CloseSession(session, status)
            TF_DeleteSession(session, status)
            TF_DeleteStatus(status)
        }
        guard let list = try ServingError.check({ TF_SessionListDevices(session, $0) }) else {
            throw .internalError("TensorFlow gave no list of its devices")
        }
        defer { TF_DeleteDeviceList(list) }
        var devices: [TensorFlowDevice] = []
        for index in 0..<TF_DeviceListCount(list) {
            guard let text = try ServingError.check({ TF_DeviceListName(list, index, $0) }),
                let name = DeviceName(String(cString: text))
            else { continue }
            let bytes = try ServingError.check { TF_DeviceListMemoryBytes(list, index, $0) }
            devices.append(TensorFlowDevice(name: name, memoryBytes: name.isCPU ? nil : Int(clamping: bytes)))
        }
        return devices
    }

    /// Graphs for accelerators are placed softly, as not every operation has a kernel for them: on one that is not there
    /// they would run on the CPU without a word.
    func checkIsThere(_ device: DeviceName) throws(ServingError) {
        guard !device.isCPU, device.task.isEmpty else { return }
        let devices = try devices()
        guard !devices.contains(where: { $0.name == device }) else { return }
        throw .failedPrecondition(
            "TensorFlow has no device \(device) here; it has \(devices.map { "\($0.name)" }.joined(separator: ", "))"
        )
    }

    /// Removes what servers that crashed have left among the temporary files.
    public func discardLeftovers() { shadows.discardLeftovers() }
}
