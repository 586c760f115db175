import Logging
import ModelTools
import ServingPrimitives
import Synchronization

/// The file that says which devices there are, while the server runs. When it changes the plan is redone; one that is
/// wrong is refused with a line in the log, and the devices stay as they were.
final class DevicesFile: Sendable {
    private static let lookInterval = Duration.seconds(1)

    private struct State {
        /// The file as it was when it was last read.
        var read: FileStamps
        /// The file at the last look.
        var seen: FileStamps
        var devices: [PlacementDevice]?
    }

    private let path: String
    private let placement: PlacementCoordinator
    private let logger: Logger
    private let state: Mutex<State>

    /// The file has been read before, for the first plan.
    init(path: String, placement: PlacementCoordinator, logger: Logger) {
        self.path = path
        self.placement = placement
        self.logger = logger
        let stamps = FileStamps(of: [path])
        state = Mutex(State(read: stamps, seen: stamps))
    }

    /// Looks for changes until the task is cancelled.
    func watch() async {
        while !Task.isCancelled {
            try? await Task.sleep(for: Self.lookInterval)
            _ = await onOwnThread(named: "devices") { self.look() }
        }
    }

    /// Reads the file when it has changed since it was read and did not change since the last look.
    func look() {
        let stamps = FileStamps(of: [path])
        let isDue = state.withLock { state in
            defer { state.seen = stamps }
            guard stamps != state.read, stamps == state.seen else { return false }
            state.read = stamps
            return true
        }
        if isDue { renew() }
    }

    /// Reads the file as it is.
    func renewNow() {
        let stamps = FileStamps(of: [path])
        state.withLock { state in (state.read, state.seen) = (stamps, stamps) }
        renew()
    }

    private func renew() {
        do throws(ServingError) {
            let devices = try DeviceInventory.read(path)
            let isNew = state.withLock { state in
                defer { state.devices = devices }
                return state.devices != devices
            }
            if isNew { placement.setDevices(devices) }
        } catch {
            logger.error(
                "The new list of devices is refused; the one before stays in force",
                metadata: ["path": "\(path)", "error": "\(error)"]
            )
        }
    }
}
