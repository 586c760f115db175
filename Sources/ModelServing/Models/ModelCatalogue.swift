import ServingConfig
import ServingPrimitives

/// What can be loaded by its name: every model that was ever configured, as it was last, and the folders of the repository.
/// A plain value.
struct ModelCatalogue: Hashable {
    /// Names that are no longer served are forgotten beyond this: calls can make up any number of them.
    private static let maximumCount = 2 * ServerConfiguration.Model.maximumCount

    /// Folder whose sub-folders are base paths of models; `nil` for none.
    let repository: String?
    private var models: [String: ServerConfiguration.Model] = [:]

    /// - Parameter repository: an absolute path without a slash at its end.
    init(repository: String? = nil) { self.repository = repository }

    var names: [String] { models.keys.sorted() }

    func knows(_ name: String) -> Bool { models[name] != nil }

    /// Models that were just configured.
    mutating func remember(_ served: [ServerConfiguration.Model]) {
        if models.count + served.count > Self.maximumCount { models = [:] }
        for model in served { models[model.name] = model }
    }

    /// Where the repository has a model of that name, if it can.
    func folder(of name: String) -> String? {
        guard let repository, !name.isEmpty, !name.hasPrefix("."), !name.contains("/"), !name.contains("\0") else {
            return nil
        }
        return "\(repository)/\(name)"
    }

    /// The model that a call asks for.
    ///
    /// - Parameter isInRepository: whether `folder(of: name)` is there.
    /// - Throws: `NOT_FOUND` when nothing says where its versions are; `PERMISSION_DENIED` for a base path that the call
    ///   names outside of the repository, where there is one.
    func model(
        _ name: String,
        _ settings: ModelSettings,
        isInRepository: Bool
    ) throws(ServingError) -> ServerConfiguration.Model {
        var model = ServerConfiguration.Model(name: name, basePath: "")
        if let known = models[name] {
            model = known
        } else if isInRepository, let folder = folder(of: name) {
            model.basePath = folder
        } else if settings.basePath == nil {
            throw .notFound(
                "failed to load '\(name)': the model is not configured\(repository.map { " and not in \($0)" } ?? ""); "
                    + "name it in the configuration file or give its base_path in the parameter \"config\""
            )
        }
        if let path = settings.basePath, path != models[name]?.basePath { try checkIsInside(path, of: name) }
        settings.apply(to: &model)
        return model
    }

    private func checkIsInside(_ path: String, of name: String) throws(ServingError) {
        guard let repository else { return }
        let isInside: Bool =
            if case .absolute(let path) = BasePath(path) {
                path.hasPrefix(repository + "/") && !path.split(separator: "/").contains("..")
            } else {
                false
            }
        guard isInside else {
            throw ServingError(
                .permissionDenied,
                "failed to load '\(name)': its base_path is not inside the model repository"
            )
        }
    }
}
