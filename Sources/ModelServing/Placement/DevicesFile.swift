import Logging
import ModelTools
import ServingPrimitives
import Synchronization

/// The file that says which devices there are, while the server runs. When it changes the plan is redone; one that is
/// wrong is refused with a line in the log, and the devices stay as they were.
final class DevicesFile: Sendable {
    private static let lookInterval = Duration.seconds(1)

    private let path: String
    private let placement: any ModelPlacement
    private let logger: Logger
    private let file: WatchedFiles
    /// Those that were read last; `nil` before.
    private let devices = Mutex<[PlacementDevice]?>(nil)

    /// The file has been read before, for the first plan.
    init(path: String, placement: any ModelPlacement, logger: Logger) {
        self.path = path
        self.placement = placement
        self.logger = logger
        file = WatchedFiles([path])
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
        if file.haveChanged() { renew() }
    }

    /// Reads the file as it is.
    func renewNow() {
        file.willBeRead()
        renew()
    }

    private func renew() {
        do throws(ServingError) {
            let devices = try DeviceInventory.read(path)
            let isNew = self.devices.withLock { before in
                defer { before = devices }
                return before != devices
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
