public import ServingPrimitives

extension ServerConfiguration {
    /// How models are put on devices.
    public struct Placement: Sendable, Hashable {
        /// A device and the bytes that models may take there.
        public struct Device: Sendable, Hashable {
            public var name: DeviceName
            public var bytes: Int

            public init(name: DeviceName, bytes: Int) {
                self.name = name
                self.bytes = bytes
            }
        }

        /// Empty asks the engine: its accelerators with their memory, or the CPU with that of the process.
        public var devices: [Device] = []
        /// A text file with a line `device NAME SIZE` for each device, in place of `devices`; looked at again and again.
        public var devicesFile: String?

        public init() {}

        func report(_ report: (String) -> Void) {
            if !devices.isEmpty, devicesFile != nil {
                report("Devices are listed and read from a file; expected one of the two")
            }
            for problem in Self.problems(of: devices) { report(problem) }
        }

        /// Everything wrong with a list of devices.
        public static func problems(of devices: [Device]) -> [String] {
            var seen: Set<DeviceName> = []
            return devices.compactMap { device in
                if !seen.insert(device.name).inserted { return "The device \(device.name) is listed twice" }
                return device.bytes > 0
                    ? nil : "The device \(device.name) has \(device.bytes) bytes; expected more than 0"
            }
        }
    }
}
