import ModelTools
public import ServingConfig
import ServingPrimitives

extension ModelServerFlags {
    func applyPlacement(to configuration: inout ServerConfiguration) throws(ServingError) {
        guard ["", "auto", "off"].contains(placement) else {
            throw .invalidArgument("--placement is \"\(placement)\"; expected auto or off")
        }
        let namesDevices = !devices.isEmpty || !devicesFile.isEmpty
        if placement == "off", namesDevices {
            throw .invalidArgument("--placement=off and devices to place models on exclude each other")
        }
        if placement == "auto" || namesDevices {
            var settings = ServerConfiguration.Placement()
            settings.devices = try devices.split(separator: ",").map { (text) throws(ServingError) in
                guard let device = ServerConfiguration.Placement.Device(text) else {
                    throw .invalidArgument("--devices has \"\(text)\"; expected devices like GPU:0=15GB,GPU:1=15GB")
                }
                return device
            }
            settings.devicesFile = devicesFile.isEmpty ? nil : AbsolutePath.of(devicesFile)
            configuration.placement = settings
        }
        configuration.cpuGroups = try cpuGroups.split(separator: ";").map { (text) throws(ServingError) in
            try ServerConfiguration.CPUGroup(String(text))
        }
    }
}

extension ServerConfiguration.Placement.Device {
    /// Reads `GPU:0=15GB`; `nil` for what is no device and size.
    public init?(_ text: some StringProtocol) {
        guard let separator = text.lastIndex(of: "="), let name = DeviceName(text[..<separator]),
            let bytes = ByteCount.parse(text[text.index(after: separator)...])
        else { return nil }
        self.init(name: name, bytes: bytes)
    }
}
