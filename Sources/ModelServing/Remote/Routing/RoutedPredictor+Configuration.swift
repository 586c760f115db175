import Logging
import RemoteRouting
import ServingConfig
import ServingMetrics
import ServingPrimitives

extension CallRules {
    init(_ settings: ServerConfiguration.RemoteLookups) {
        self.init()
        timeout = Self.nanoseconds(settings.timeoutMilliseconds)
        retries = settings.retries
        hedgeDelay = Self.nanoseconds(settings.hedgeMilliseconds)
    }

    /// 0 is none. What is too much was refused with the configuration.
    private static func nanoseconds(_ milliseconds: Int) -> UInt64? {
        milliseconds > 0 ? UInt64(milliseconds) * 1_000_000 : nil
    }
}

extension RoutedPredictor {
    /// `nil` where there are no routes.
    ///
    /// - Parameter hasDiscovery: routes come from elsewhere, too.
    /// - Throws: what is wrong with the file of routes.
    static func make(
        _ settings: ServerConfiguration.RemoteLookups,
        hasDiscovery: Bool = false,
        local: LocalPredictor,
        threadCount: Int,
        metrics: ServerMetrics,
        logger: Logger
    ) throws(ServingError) -> (predictor: RoutedPredictor, file: RoutesFile?)? {
        guard settings.routesFile != nil || hasDiscovery else { return nil }
        let rules = CallRules(settings)
        let routes = RemoteRoutes(rules: rules.ejection, logger: logger)
        let file = try settings.routesFile.map { (path) throws(ServingError) in
            try RoutesFile(path: path, routes: routes, logger: logger)
        }
        let predictor = RoutedPredictor(
            local: local,
            routes: routes,
            rules: rules,
            threadCount: threadCount,
            metrics: RemoteMetrics(metrics.registry, routes)
        )
        return (predictor, file)
    }
}
