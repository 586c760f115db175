public import ServingPrimitives

extension ServerConfiguration.Model {
    /// Everything wrong with `models` as the new set of models in place of `current`, in the order and the words of
    /// TensorFlow Serving where it has any; empty when they can be served.
    public static func problems(of models: [Self], replacing current: [Self] = []) -> [ServingError] {
        if models.count > maximumCount {
            return [
                .invalidArgument("The configuration lists \(models.count) models; at most \(maximumCount) are served")
            ]
        }
        let repeated = repeatedNames(in: models).map {
            ServingError.invalidArgument("Illegal to list model \($0) multiple times in config list")
        }
        let platforms = Dictionary(current.map { ($0.name, $0.platform.resolvedName) }) { first, _ in first }
        return repeated
            + models.compactMap(\.pathProblem)
            + models.compactMap { $0.platformProblem(before: platforms[$0.name] ?? nil) }
            + models.compactMap(\.ownProblem)
            + models.compactMap(\.completenessProblem)
            + models.compactMap { $0.isolation.problem(of: $0.name) }
            + models.compactMap(\.sessionTargetProblem)
            + models.flatMap { $0.placement.problems(of: $0.name) }
            + models.flatMap { model in model.requestLog?.problems(of: model.name) ?? [] }
    }

    /// The file system is asked about each model every second: more would be a mistake, or an attack.
    public static var maximumCount: Int { 10_000 }

    /// Each name that occurs again, once, in the order in which it does.
    private static func repeatedNames(in models: [Self]) -> [String] {
        var seen: Set<String> = []
        var repeated: [String] = []
        for model in models where !seen.insert(model.name).inserted && !repeated.contains(model.name) {
            repeated.append(model.name)
        }
        return repeated
    }

    private var pathProblem: ServingError? {
        switch BasePath(basePath) {
        case .absolute: return nil
        case .store(let place):
            do throws(ServingError) {
                _ = try StoreLocation(place)
                return nil
            } catch {
                return .invalidArgument("Model \(name): \(error.message)")
            }
        case .otherFileSystem(let scheme):
            return ServingError(
                .unimplemented,
                "Model \(name) has its versions at \(basePath), and this server has no access to file systems of "
                    + "the kind \(scheme)://; expected an absolute path, or file://, s3://, gs://, http:// or https://"
            )
        case .relative:
            return .invalidArgument(
                "Expected model \(name) to have an absolute path or URI; got base_path()=\(basePath)"
            )
        }
    }

    private func platformProblem(before: String?) -> ServingError? {
        let fields = "ModelServerConfig::model_type (deprecated)"
        guard let requested = platform.resolvedName else {
            switch (platform.name.isEmpty, platform.deprecatedType) {
            case (true, 0):
                return .invalidArgument(
                    "Illegal setting neither \(fields) nor ModelServerConfig::model_platform, model name is \(name)"
                )
            case (false, _):
                return .invalidArgument(
                    "Illegal setting both \(fields) and ModelServerConfig::model_platform, model name is \(name)"
                )
            case (true, let type):
                return .invalidArgument("ModelServerConfig::model_type choice \(type) not supported.")
            }
        }
        if let before, before != requested {
            return .invalidArgument(
                "Illegal to change a model's platform. For model \(name) platform was \(before) "
                    + "and new platform requested is \(requested)"
            )
        }
        if requested != ModelPlatform.tensorflow.name {
            return .invalidArgument("Model \(name) requests unsupported platform \(requested)")
        }
        return nil
    }

    /// What TensorFlow Serving accepts though nobody can ask such a model anything.
    private var ownProblem: ServingError? {
        guard name.isEmpty else { return nil }
        return .invalidArgument("A model without a name is configured for the path \(basePath)")
    }
}
