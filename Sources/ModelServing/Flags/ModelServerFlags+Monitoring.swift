import ServingConfig
import ServingPrimitives
import ServingProtos

extension ModelServerFlags {
    /// What `--monitoring_config_file` says; nothing is shown at TensorFlow Serving's path without it.
    ///
    /// - Throws: `INVALID_ARGUMENT` or `NOT_FOUND` when the file cannot be used.
    func monitoring() throws(ServingError) -> ServerConfiguration.Monitoring {
        var monitoring = ServerConfiguration.Monitoring()
        monitoring.console = console
        guard !monitoringConfigFile.isEmpty else { return monitoring }
        let config = try ConfigurationFile.read(
            monitoringConfigFile,
            as: Tensorflow_Serving_MonitoringConfig.self
        ).prometheusConfig
        if config.enable {
            monitoring.prometheusPath =
                config.path.isEmpty ? ServerConfiguration.Monitoring.defaultPath : config.path
        }
        return monitoring
    }
}
