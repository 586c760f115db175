import Logging
import RemoteRouting
import ServingPrimitives

/// The file with the routes, while the server runs. When it changes it is read again; one that is wrong or gone is refused
/// with a line in the log, and the routes stay as they were.
final class RoutesFile: Sendable {
    private static let lookInterval = Duration.seconds(1)
    private static let maximumLength = 64 << 20

    private let path: String
    private let routes: RemoteRoutes
    private let logger: Logger
    private let file: WatchedFiles

    /// Reads the file for the first time.
    ///
    /// - Throws: what is wrong with it.
    init(path: String, routes: RemoteRoutes, logger: Logger) throws(ServingError) {
        self.path = path
        self.routes = routes
        self.logger = logger
        file = WatchedFiles([path])
        routes.set(try Self.read(path))
    }

    private static func read(_ path: String) throws(ServingError) -> RoutesTable {
        do throws(ServingError) {
            return try RoutesTable(text: Array(try LocalFile.contents(of: path, limit: maximumLength)))
        } catch {
            throw ServingError(error.code, "The file of routes \(path) cannot be used: \(error.message)")
        }
    }

    /// Looks for changes until the task is cancelled.
    func watch() async {
        while !Task.isCancelled {
            try? await Task.sleep(for: Self.lookInterval)
            _ = await onOwnThread(named: "routes") { self.look() }
        }
    }

    /// Reads the file when it has changed since it was read and did not change since the last look.
    func look() {
        guard file.haveChanged() else { return }
        do throws(ServingError) {
            routes.set(try Self.read(path))
            logger.info("The routes were read again", metadata: ["path": "\(path)"])
        } catch {
            routes.setTrouble(error)
            logger.error(
                "The new routes are refused; those before stay in force",
                metadata: ["path": "\(path)", "error": "\(error)"]
            )
        }
    }
}
