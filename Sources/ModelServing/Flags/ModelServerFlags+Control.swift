import ServingConfig

extension ModelServerFlags {
    func applyControl(to configuration: inout ServerConfiguration) {
        configuration.control.isEnabled = enablesControl
        configuration.control.modelRepository =
            modelRepository.isEmpty ? nil : AbsolutePath.of(modelRepository).withoutSlashAtEnd
        configuration.control.writesConfigurationBack = writesConfigBack
        applyModelCache(to: &configuration)
        configuration.control.port = controlPort < 0 ? nil : Int(controlPort)
        configuration.control.host = controlHost
        configuration.apiKeysFile = apiKeysFile.isEmpty ? nil : apiKeysFile
        configuration.limits.connections = Int(maxConnections)
        configuration.limits.bytesInFlight = Int(maxBytesInFlight)
        configuration.limits.restBodyBytes = Int(restMaxBodyBytes)
        configuration.isolatedModels = isolatedModels.split(separator: ",").map { name in
            String(name.drop { $0 == " " })
        }
        configuration.cluster.sessionTarget = sessionTarget
        configuration.cluster.timeoutMilliseconds = Int(sessionTargetTimeout)
        configuration.breaker.consecutiveFailures = Int(breakerFailures)
        configuration.breaker.failureShare = Double(breakerFailureShare)
        configuration.breaker.restMilliseconds = Int(breakerRest)
    }
}

extension String {
    /// A folder's path as others are put behind it.
    public var withoutSlashAtEnd: String {
        var path = self
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        return path
    }
}
