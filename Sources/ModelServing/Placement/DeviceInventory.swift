import EngineTensorFlow
public import ModelTools
public import ServingConfig
public import ServingPrimitives

/// Which devices there are, and how much models may take on each.
public enum DeviceInventory {
    private static let maximumFileLength = 1 << 20
    /// Of the memory that the process may use: the rest is for requests and for TensorFlow itself.
    private static let shareOfMemory = 0.8

    /// The devices that a configuration names, or those of the engine. Blocks; may open libtensorflow.
    ///
    /// - Throws: what is wrong with the file, or why the engine cannot be asked.
    public static func devices(
        _ placement: ServerConfiguration.Placement,
        _ engine: ServerConfiguration.Engine
    ) throws(ServingError) -> [PlacementDevice] {
        if let file = placement.devicesFile { return try read(file) }
        if !placement.devices.isEmpty {
            return placement.devices.map { PlacementDevice(name: "\($0.name)", budget: $0.bytes) }
        }
        return try ask(engine)
    }

    /// The devices of a file with lines `device NAME SIZE`.
    ///
    /// - Throws: what is wrong with it.
    public static func read(_ path: String) throws(ServingError) -> [PlacementDevice] {
        let text = String(decoding: try LocalFile.contents(of: path, limit: maximumFileLength), as: UTF8.self)
        let description: PlacementDescription
        do throws(ServingError) {
            description = try PlacementDescription(text)
        } catch {
            throw .invalidArgument("The file of devices \(path) cannot be used: \(error.message)")
        }
        guard description.demands.isEmpty else {
            throw .invalidArgument("The file of devices \(path) has models; expected lines like device GPU:0 15GB only")
        }
        return try description.devices.map { (device) throws(ServingError) in
            guard let name = DeviceName(device.name) else {
                throw .invalidArgument(
                    "The file of devices \(path) has the device \"\(device.name)\"; expected a name like CPU:2 or GPU:0"
                )
            }
            return PlacementDevice(name: "\(name)", budget: device.budget)
        }
    }

    /// The accelerators of the engine with the memory that it may take there; without any, the CPU.
    private static func ask(_ engine: ServerConfiguration.Engine) throws(ServingError) -> [PlacementDevice] {
        let options = engine.options(log: { _ in })
        let devices = try TensorFlowEngine(options: options).devices()
        let accelerators = devices.compactMap { device in
            device.memoryBytes.map { PlacementDevice(name: "\(device.name)", budget: $0) }
        }
        guard accelerators.isEmpty else { return accelerators }
        return [PlacementDevice(name: "CPU:0", budget: Int(Double(AvailableMemory.bytes) * shareOfMemory))]
    }
}
