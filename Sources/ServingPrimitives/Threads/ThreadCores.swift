#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The cores that threads may run on, by the numbers that Linux gives them.
public enum ThreadCores {
    /// More cores than a mask has room for are not told apart: glibc's own masks are as long.
    private static let maskLength = 128

    private typealias Affinity = @convention(c) (pid_t, Int, UnsafeMutableRawPointer) -> CInt

    /// The function of that name; looked up, as the headers show it to C of GNU only and so not to Swift.
    private static func function(_ name: String) -> Affinity? {
        guard let address = dlsym(nil, name) else { return nil }
        return unsafeBitCast(address, to: Affinity.self)
    }

    /// Those of the calling thread, in order; empty where the system does not tell.
    public static var allowed: [Int] {
        var mask = [UInt8](repeating: 0, count: maskLength)
        let status = mask.withUnsafeMutableBytes { bytes -> CInt in
            guard let start = bytes.baseAddress else { return -1 }
            return function("sched_getaffinity")?(0, bytes.count, start) ?? -1
        }
        guard status >= 0 else { return [] }
        // On the machines that Linux runs on here, bit N of the bytes is core N.
        return (0..<maskLength * 8).filter { mask[$0 / 8] & (1 << ($0 % 8)) != 0 }
    }

    /// Keeps the calling thread, and the threads that it starts, to these.
    ///
    /// - Returns: false where the system refuses, for example because the process may use none of them.
    @discardableResult
    public static func keepCurrentThread(to cores: some Sequence<Int>) -> Bool {
        var mask = [UInt8](repeating: 0, count: maskLength)
        for core in cores where core >= 0 && core < maskLength * 8 { mask[core / 8] |= 1 << (core % 8) }
        return mask.withUnsafeMutableBytes { bytes -> Bool in
            guard let start = bytes.baseAddress, let set = function("sched_setaffinity") else { return false }
            return set(0, bytes.count, start) == 0
        }
    }
}
