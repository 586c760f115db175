#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// CPU and wall time of one way to run a model.
struct Measurement {
    let name: String
    let run: () -> Void
    /// Nanoseconds per run, one value for each block.
    private var cpu: [Double] = []
    private var wall: [Double] = []

    private static let runsPerBlock = 500

    init(name: String, run: @escaping () -> Void) {
        self.name = name
        self.run = run
    }

    /// Median of the blocks: CPU of the whole process, so that of TensorFlow's own threads is in it.
    var cpuNanoseconds: Int { Self.median(cpu) }
    var wallNanoseconds: Int { Self.median(wall) }

    /// Measures `runs` runs of each, in turns, after a tenth of that to warm up.
    static func take(_ measurements: inout [Measurement], runs: Int) {
        for measurement in measurements { for _ in 0..<max(runs / 10, 1) { measurement.run() } }
        for round in 0..<max(runs / runsPerBlock, 1) {
            // In either order, as the caches are what the one before left.
            let order = round % 2 == 0 ? Array(measurements.indices) : measurements.indices.reversed()
            for index in order { measurements[index].takeBlock() }
        }
    }

    private mutating func takeBlock() {
        let cpuStart = Self.now(CLOCK_PROCESS_CPUTIME_ID)
        let wallStart = Self.now(CLOCK_MONOTONIC)
        for _ in 0..<Self.runsPerBlock { run() }
        wall.append((Self.now(CLOCK_MONOTONIC) - wallStart) / Double(Self.runsPerBlock))
        cpu.append((Self.now(CLOCK_PROCESS_CPUTIME_ID) - cpuStart) / Double(Self.runsPerBlock))
    }

    private static func now(_ clock: clockid_t) -> Double {
        var time = timespec()
        clock_gettime(clock, &time)
        return Double(time.tv_sec) * 1e9 + Double(time.tv_nsec)
    }

    private static func median(_ values: [Double]) -> Int { Int(values.sorted()[values.count / 2]) }
}
