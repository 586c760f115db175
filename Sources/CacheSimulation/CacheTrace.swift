import SchedulerSimulation
public import ServingPrimitives

/// Traces to compare policies with: made up, or a file of requests.
public enum CacheTrace {
    /// Models of 64 kB to 4 MB, spread evenly over the powers of two between, and what their loads take: a share that every
    /// load costs and one that grows with the bytes.
    public static func models(_ count: Int, seed: UInt64) -> [CacheStudy.Model] {
        var random = RandomSource(seed: seed)
        return (0..<max(count, 1)).map { _ in
            let bytes = Int(Double(64 << 10) * RealPower.of(2, 6 * random.unit()))
            // A session costs some milliseconds whatever is in it; variables come at about a gigabyte a second.
            return CacheStudy.Model(bytes: bytes + 1 << 20, loadNanoseconds: 8_000_000 + UInt64(bytes))
        }
    }

    /// Requests of a Zipf distribution, at even distances.
    ///
    /// - Parameters:
    ///   - exponent: 1.1 is what traces of web servers and model servers look like.
    ///   - drift: share of the models whose ranks are drawn anew over the whole trace: what is asked for changes.
    public static func zipf(
        _ count: Int,
        models: Int,
        exponent: Double,
        perSecond: Double,
        drift: Double = 0,
        seed: UInt64
    ) -> [CacheStudy.Request] {
        var random = RandomSource(seed: seed)
        var ranks = Array(0..<max(models, 1))
        ranks.shuffle(using: &random)
        var sums: [Double] = []
        var sum = 0.0
        for rank in ranks.indices {
            sum += 1 / RealPower.of(Double(rank + 1), exponent)
            sums.append(sum)
        }
        let changes = Double(ranks.count) * drift / Double(max(count, 1))
        var due = 0.0
        return (0..<count).map { index in
            due += changes
            while due >= 1 {
                due -= 1
                let (a, b) = (
                    Int.random(in: ranks.indices, using: &random), Int.random(in: ranks.indices, using: &random)
                )
                ranks.swapAt(a, b)
            }
            let target = random.unit() * sum
            var (low, high) = (0, sums.count - 1)
            while low < high {
                let middle = (low + high) / 2
                if sums[middle] < target { low = middle + 1 } else { high = middle }
            }
            let time = UInt64(Double(index) / max(perSecond, 1e-9) * 1e9)
            return CacheStudy.Request(model: ranks[low], time: MonotonicTime(nanoseconds: time))
        }
    }

    /// A line `seconds,model,bytes,load_ms` for each request.
    ///
    /// - Throws: `INVALID_ARGUMENT`: which line is none.
    public static func parse(_ text: String) throws(ServingError) -> CacheStudy {
        var study = CacheStudy(models: [], requests: [])
        var numbers: [Substring: Int] = [:]
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            guard !line.isEmpty, !line.hasPrefix("#") else { continue }
            let fields = line.split(separator: ",", omittingEmptySubsequences: false)
            guard fields.count == 4, let seconds = Double(fields[0]), (0...1e9).contains(seconds),
                let bytes = Int(fields[2]), (1...1 << 50).contains(bytes),
                let load = Double(fields[3]), (0...1e9).contains(load)
            else {
                throw .invalidArgument(
                    "line \(index + 1): expected seconds,model,bytes,load_ms, got \"\(line.prefix(80))\""
                )
            }
            let model = numbers[fields[1]] ?? study.models.count
            if model == study.models.count {
                numbers[fields[1]] = model
                study.models.append(.init(bytes: bytes, loadNanoseconds: UInt64(load * 1e6)))
            }
            study.requests.append(.init(model: model, time: MonotonicTime(nanoseconds: UInt64(seconds * 1e9))))
        }
        return study
    }
}

enum RealPower {
    /// `base` above 0 to any power: square roots for the part behind the point.
    static func of(_ base: Double, _ exponent: Double) -> Double {
        guard exponent >= 0 else { return 1 / of(base, -exponent) }
        var (result, factor, whole) = (1.0, base, UInt64(exponent))
        while whole > 0 {
            if whole & 1 == 1 { result *= factor }
            factor *= factor
            whole >>= 1
        }
        var rest = exponent - Double(UInt64(exponent))
        var root = base
        for _ in 0..<40 {
            root = root.squareRoot()
            rest *= 2
            if rest >= 1 {
                result *= root
                rest -= 1
            }
        }
        return result
    }
}
