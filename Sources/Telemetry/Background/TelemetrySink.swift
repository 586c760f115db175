/// Something in the background that takes records: the access log, or the exporter of spans. What it loses is counted.
public protocol TelemetrySink: AnyObject, Sendable {
    /// Takes a record or loses it, at once.
    func take(_ record: RequestRecord)
}
