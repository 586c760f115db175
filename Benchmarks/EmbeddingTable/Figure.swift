#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// What is printed, for a person and for Benchmarks/embedding_table: what, a colon, the number.
enum Figure {
    static func show(_ what: String, _ value: Double) {
        let digits = abs(value) < 10 ? 2 : abs(value) < 1_000 ? 1 : 0
        var scale = 1.0
        for _ in 0..<digits { scale *= 10 }
        let rounded = (value * scale).rounded() / scale
        print("\(what): \(digits == 0 ? "\(Int(rounded))" : "\(rounded)")")
        // Also into a pipe: a fault later on loses nothing.
        fflush(nil)
    }
}
