/// When which rows of a table go: `enable_feature_eviction`, `feature_evict_every_n_hours` and `slot_expire_time_config` of
/// Monolith's configuration of a table.
struct EvictionSchedule: Sendable, Hashable {
    var policy: ExpiryPolicy
    var everySeconds: UInt32

    static let secondsPerDay: UInt32 = 86_400
    static let defaultDays: UInt64 = 36_500
    static let defaultHours: UInt64 = 240

    /// Longer times are as good as for ever.
    static func seconds(_ count: UInt64, of unit: UInt32) -> UInt32 {
        let (seconds, overflow) = count.multipliedReportingOverflow(by: UInt64(unit))
        return overflow ? .max : UInt32(clamping: seconds)
    }
}
