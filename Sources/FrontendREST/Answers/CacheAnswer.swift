import Servables
import ServingPrimitives

/// The body of `GET /v1/cache`: what is in memory and why, what it costs, and what was done to keep to the budget.
enum CacheAnswer {
    /// - Parameter isShown: whether the caller may hear of a model.
    static func json(_ report: CacheReport, _ isShown: (String) -> Bool = { _ in true }) -> [UInt8] {
        var writer = ProtobufJSON()
        writer.object { writer in
            writer.plain("budget_bytes", "\(report.budget)")
            writer.plain("resident_bytes", "\(report.residentBytes)")
            writer.plain("loading_bytes", "\(report.loadingBytes)")
            writer.plain("unloading_bytes", "\(report.unloadingBytes)")
            writer.plain("overhead_bytes", "\(report.overheadBytes)")
            if let devices = report.devices {
                writer.list("devices") { writer in
                    for device in devices { writer.object { write(device, to: &$0) } }
                }
            }
            writer.plain("hits", "\(report.hits)")
            writer.plain("misses", "\(report.misses)")
            if let ratio = report.hitRatio { writer.plain("hit_ratio", decimal(ratio)) }
            writer.plain("refusals", "\(report.refusals)")
            writer.plain("prefetches", "\(report.prefetches)")
            writer.plain("useful_prefetches", "\(report.usefulPrefetches)")
            writer.plain("loads", "\(report.loads)")
            writer.plain("mean_load_ms", mean(report.loadNanoseconds, report.loads))
            writer.plain("mean_swap_ms", mean(report.swapNanoseconds, report.loads))
            writer.object("evictions") { writer in
                for reason in EvictionReason.allCases {
                    if let count = report.evictions[reason] { writer.plain(reason.rawValue, "\(count)") }
                }
            }
            writer.list("last_evictions") { writer in
                for eviction in report.lastEvictions.reversed() where isShown(eviction.id.name) {
                    writer.object { write(eviction, report.now, to: &$0) }
                }
            }
            writer.list("versions") { writer in
                for version in report.versions where isShown(version.id.name) {
                    writer.object { write(version, report.now, isShown, to: &$0) }
                }
            }
        }
        return writer.text + "\n".utf8
    }

    private static func write(
        _ eviction: CacheReport.Eviction,
        _ now: MonotonicTime,
        to writer: inout ProtobufJSON
    ) {
        writer.string("model", eviction.id.name)
        writer.string("version", "\(eviction.id.version)")
        writer.string("reason", eviction.reason.rawValue)
        writer.plain("bytes", "\(eviction.bytes)")
        writer.plain("seconds_ago", seconds(now.nanoseconds(since: eviction.at)))
    }

    private static func write(_ device: CacheReport.Device, to writer: inout ProtobufJSON) {
        writer.string("device", device.device.name)
        writer.plain("budget_bytes", "\(device.device.budget)")
        writer.plain("resident_bytes", "\(device.residentBytes)")
        writer.plain("loading_bytes", "\(device.loadingBytes)")
        writer.plain("unloading_bytes", "\(device.unloadingBytes)")
    }

    private static func write(
        _ version: CacheReport.Version,
        _ now: MonotonicTime,
        _ isShown: (String) -> Bool,
        to writer: inout ProtobufJSON
    ) {
        writer.string("model", version.id.name)
        writer.string("version", "\(version.id.version)")
        writer.string("state", version.state.rawValue)
        if !version.devices.isEmpty {
            writer.list("devices") { writer in
                for device in version.devices { writer.element(JSONText.quoted(device)) }
            }
        }
        if version.isPinned { writer.plain("pinned", "true") }
        if version.priority != 0 { writer.plain("priority", "\(version.priority)") }
        if let cost = version.cost {
            writer.plain("bytes", "\(cost.residentBytes)")
            writer.plain("measured", "\(cost.isMeasured)")
            if cost.loadNanoseconds > 0 { writer.plain("load_ms", milliseconds(cost.loadNanoseconds)) }
        }
        if let lastUse = version.lastUse {
            writer.plain("seconds_since_use", seconds(now.nanoseconds(since: lastUse)))
        }
        writer.plain("hits", "\(version.hits)")
        writer.plain("misses", "\(version.misses)")
        writer.plain("loads", "\(version.loads)")
        writer.plain("evictions", "\(version.evictions)")
        let others = version.sharesWith.filter { isShown($0.name) }
        if !others.isEmpty {
            writer.list("shares_with") { writer in
                for other in others {
                    writer.object { writer in
                        writer.string("model", other.name)
                        writer.string("version", "\(other.version)")
                    }
                }
            }
        }
        if let error = version.error { writer.string("error", "\(error)") }
    }

    private static func mean(_ nanoseconds: UInt64, _ count: Int) -> String {
        milliseconds(count > 0 ? nanoseconds / UInt64(count) : 0)
    }

    private static func milliseconds(_ nanoseconds: UInt64) -> String { decimal(Double(nanoseconds) / 1e6) }

    private static func seconds(_ nanoseconds: UInt64) -> String { decimal(Double(nanoseconds) / 1e9) }

    /// With three digits behind the point.
    private static func decimal(_ value: Double) -> String { "\((value * 1000).rounded() / 1000)" }
}
