/// What is left on each device while decisions are made.
struct DeviceRooms {
    let devices: [CacheDevice]
    private let indexes: [String: Int]
    /// Bytes that nobody uses or is promised.
    private(set) var free: [Int]
    /// Bytes that are going to be free, and nobody is promised.
    private(set) var coming: [Int]
    /// Bytes beyond the budget that are not on their way out.
    private(set) var excess: [Int]
    /// What is on its way in or out, and what was promised a place.
    private(set) var passing: [CacheSnapshot.Passing]

    init(_ snapshot: CacheSnapshot) {
        devices = snapshot.devices ?? []
        indexes = Dictionary(devices.enumerated().map { ($1.name, $0) }) { first, _ in first }
        free = devices.map(\.budget)
        coming = Array(repeating: 0, count: devices.count)
        excess = devices.map { -$0.budget }
        passing = snapshot.passing
        guard !devices.isEmpty else { return }
        for resident in snapshot.residents {
            for device in places(resident.devices) {
                free[device] -= resident.bytesOfCopy
                excess[device] += resident.bytesOfCopy
            }
        }
        for version in passing {
            for device in places(version.devices) {
                free[device] -= version.isLeaving ? version.bytes : version.peakBytes
                if version.isLeaving { coming[device] += version.bytes } else { excess[device] += version.bytes }
            }
        }
    }

    /// Indexes of those devices that there are.
    func places(_ names: [String]) -> [Int] { names.compactMap { indexes[$0] } }

    func has(_ names: [String]) -> Bool { names.allSatisfy { indexes[$0] != nil } }

    /// The version is going to leave its devices.
    mutating func leave(_ resident: CacheSnapshot.Resident) {
        for device in places(resident.devices) {
            coming[device] += resident.bytesOfCopy
            excess[device] -= resident.bytesOfCopy
        }
    }

    /// The want has a place, which nobody else gets.
    mutating func promise(_ want: CacheSnapshot.Want, _ places: [(device: Int, bytes: Int)]) {
        for place in places { free[place.device] -= place.bytes }
        var version = CacheSnapshot.Passing(
            want.id,
            on: places.map { devices[$0.device].name },
            bytes: want.bytes,
            isLeaving: false
        )
        version.wishes = want.wishes
        passing.append(version)
    }
}

extension CacheSnapshot.Resident {
    var bytesOfCopy: Int { bytes / max(devices.count, 1) }

    func isOn(_ device: CacheDevice) -> Bool { devices.contains(device.name) }
}
