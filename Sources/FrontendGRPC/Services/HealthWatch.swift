import Inference
import ServingPrimitives
import ServingProtos

/// One client's view of a service's health: what it was told last, and when to look again. Belongs to an event loop.
final class HealthWatch {
    private let service: String
    private let health: ServingHealth
    private let observer: ServingHealth.ObserverID
    /// What was sent last: `nil` before the first message; inside, `nil` for an unknown service.
    private var lastSent: ServingHealth.Status??

    /// - Parameter onChange: called on any thread when `nextMessage` may have something to send.
    init(service: String, health: ServingHealth, onChange: @escaping @Sendable () -> Void) {
        self.service = service
        self.health = health
        self.observer = health.observe(onChange)
    }

    deinit { health.stopObserving(observer) }

    /// The message to send now; `nil` when the client knows the state already. The first call always has one.
    func nextMessage() throws(ServingError) -> [UInt8]? {
        let status = HealthCheck.status(of: service, health)
        if let lastSent, lastSent == status { return nil }
        lastSent = .some(status)
        switch status {
        case .serving: return try HealthCheck.response(.serving)
        case .notServing: return try HealthCheck.response(.notServing)
        // A service that is not known yet may come: the client keeps watching.
        case nil: return try HealthCheck.response(.serviceUnknown)
        }
    }
}
