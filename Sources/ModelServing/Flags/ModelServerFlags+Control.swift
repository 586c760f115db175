import ServingConfig

extension ModelServerFlags {
    func applyControl(to configuration: inout ServerConfiguration) {
        configuration.control.isEnabled = enablesControl
        configuration.control.modelRepository =
            modelRepository.isEmpty ? nil : AbsolutePath.of(modelRepository).withoutSlashAtEnd
        configuration.control.writesConfigurationBack = writesConfigBack
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
