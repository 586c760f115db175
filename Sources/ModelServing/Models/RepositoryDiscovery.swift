import Logging
import ServingConfig
import ServingPrimitives

/// Serves every model of a repository folder, as they come and go: looks again and again. A look that fails changes
/// nothing.
struct RepositoryDiscovery: Sendable {
    /// Waits so many nanoseconds; returns early when its task is cancelled.
    typealias Pause = @Sendable (UInt64) async -> Void

    let folder: String
    /// Seconds between looks; 0 or less looks once.
    let pollSeconds: Int
    let models: ModelConfiguration
    let logger: Logger

    /// The first look, before the ports open.
    ///
    /// - Throws: why the folder cannot be read: a server for a folder that is not there is a mistake.
    func start() async throws(ServingError) -> Repository {
        var repository = Repository(folder: folder, maximumCount: ServerConfiguration.Model.maximumCount)
        let before = repository
        guard let (after, look) = await onOwnThread(named: "repository", { Self.look(before) }) else {
            throw .unavailable("no thread could be made to look at \(folder)")
        }
        repository = after
        tell(look)
        guard let names = look.models else {
            throw .notFound(
                "cannot read the model repository \(folder): \(look.notices.map(\.text).joined(separator: "; "))"
            )
        }
        try await models.discovered(names, in: folder)
        logger.info("The model repository was read", metadata: ["folder": "\(folder)", "models": "\(names.count)"])
        return repository
    }

    func run(_ repository: Repository, pause: Pause = { try? await Task.sleep(nanoseconds: $0) }) async {
        guard pollSeconds > 0 else { return }
        var repository = repository
        let (product, overflow) = UInt64(pollSeconds).multipliedReportingOverflow(by: 1_000_000_000)
        while !Task.isCancelled {
            await pause(overflow ? .max : product)
            let before = repository
            guard !Task.isCancelled else { return }
            guard let (after, look) = await onOwnThread(named: "repository", { Self.look(before) }) else { continue }
            repository = after
            tell(look)
            guard let names = look.models else { continue }
            do throws(ServingError) {
                try await models.discovered(names, in: folder)
            } catch {
                logger.error("What the repository has cannot be served", metadata: ["error": "\(error)"])
            }
        }
    }

    private static func look(_ repository: Repository) -> (Repository, Repository.Look) {
        var repository = repository
        let look = repository.look()
        return (repository, look)
    }

    private func tell(_ look: Repository.Look) {
        for notice in look.notices {
            logger.warning("A part of the model repository is not served", metadata: ["reason": "\(notice.text)"])
        }
    }
}

extension Repository.Notice {
    fileprivate var text: String {
        switch self {
        case .unreadable(let reason): "the folder cannot be read, and its models stay as they are: \(reason)"
        case .unusable(let name, let reason): "\(name): \(reason)"
        case .tooMany(let count):
            "there are \(count) models; the first \(ServerConfiguration.Model.maximumCount) are served"
        }
    }
}
