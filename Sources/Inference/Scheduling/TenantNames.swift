import Synchronization

/// Numbers the tenants that callers name. Names come from outside, so there is a bound: tenants beyond it share
/// numbers, by the hash of their names.
public final class TenantNames: Sendable {
    /// Tenants that have a number of their own.
    static let maximumCount = 1024
    /// Longer names are no names.
    public static let maximumByteCount = 128

    private let numbers = Mutex<[String: Int]>([:])

    public init() {}

    /// The number of a tenant, 0 for the empty name.
    public func number(of name: String) -> Int {
        guard !name.isEmpty else { return 0 }
        return numbers.withLock { numbers in
            if let number = numbers[name] { return number }
            guard numbers.count < Self.maximumCount else {
                return 1 + Int(UInt(bitPattern: name.hashValue) % UInt(Self.maximumCount))
            }
            let number = numbers.count + 1
            numbers[name] = number
            return number
        }
    }
}
