public import ServingPrimitives

extension AgentConfiguration {
    /// Bytes of a configuration file.
    public static let maximumFileLength = 1 << 20

    /// Reads a configuration file, with those that it includes.
    ///
    /// - Returns: what it says, and what a person should be told though it can be used: unknown keys, keys without a value,
    ///   each with its file and line.
    /// - Throws: everything that is wrong with it, each with its file, line and key, and what was expected.
    public static func read(
        _ path: String,
        reading read: @escaping @Sendable (_ path: String) throws(ServingError) -> [UInt8] = Self.contents
    ) throws(ServingError) -> (configuration: AgentConfiguration, warnings: [String]) {
        let entries = try ConfigurationEntries(path, read)
        var configuration = AgentConfiguration()
        var problems = entries.problems
        var warnings: [String] = []
        var places: [String: ConfigurationPlace] = [:]
        for entry in entries.entries {
            let place = entry.value.place
            guard let key = AgentKey.all[entry.key] else {
                warnings.append("\(place): the key \(entry.key) is not known, and without effect")
                continue
            }
            guard !entry.value.text.isEmpty else {
                warnings.append("\(place): \(entry.key) has no value, and is without effect")
                continue
            }
            if let first = places.updateValue(place, forKey: entry.key), !key.mayRepeat {
                problems.append(.invalidArgument("\(place): \(entry.key) is given again, after \(first)"))
                continue
            }
            do throws(ExpressionFault) {
                try key.set(entry.value, in: &configuration)
            } catch {
                problems.append(
                    .invalidArgument("\(place): \(entry.key) is \"\(entry.value.text)\": \(error.reason)")
                )
            }
        }
        if let first = places["deploy_type"], let second = places["server_type"] {
            problems.append(
                .invalidArgument("\(second): server_type is the old name of deploy_type, which \(first) gives, too")
            )
        }
        problems += configuration.problems(of: path, given: Set(places.keys))
        if let first = problems.first {
            throw ServingError(first.code, problems.map(\.message).joined(separator: "; "))
        }
        return (configuration, warnings)
    }

    /// The file at that path.
    public static func contents(_ path: String) throws(ServingError) -> [UInt8] {
        try LocalFile.contents(of: path, limit: maximumFileLength)
    }

    /// What does not go together.
    ///
    /// - Parameter keys: that were given, rightly or not.
    private func problems(of path: String, given keys: Set<String>) -> [ServingError] {
        var problems: [ServingError] = []
        func report(_ message: String) { problems.append(.invalidArgument("\(path): \(message)")) }
        if version == 2 { report("agent_version is 2, which was never finished; expected 1 or 3") }
        if keys.isDisjoint(with: ["deploy_type", "server_type"]), !isStandAlone {
            report("deploy_type is not given; expected ps, entry, dense, mixed or unified")
        }
        if version == 3, effectiveDeployType != .unified {
            report("agent_version 3 serves unified deployments only, and this is \(effectiveDeployType.rawValue)")
        }
        if version == 1, deployType == .unified, !isStandAlone {
            report("agent_version 1 has no unified deployments; expected agent_version 3")
        }
        if version == 1 || layoutPattern == nil, basePath == nil {
            report("base_path is not given; expected the folder with the exported sub-graphs")
        }
        if version == 3, layoutPattern != nil, namespace == nil { report("bzid is not given, which layouts lie below") }
        if effectiveDeployType == .dense, !servesDenseAlone { report("deploy_type is dense, and dense_alone is false") }
        return problems
    }

    /// Stand-alone serving is mixed, whatever else is said.
    public var effectiveDeployType: DeployType { isStandAlone ? .mixed : deployType ?? .unified }
}
