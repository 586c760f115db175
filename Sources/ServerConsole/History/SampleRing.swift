/// The samples of the last ten minutes.
struct SampleRing: Sendable {
    /// At one a second.
    static let length = 600

    private var samples: [ServerSample] = []
    /// The number of the next sample; the first had 0.
    private(set) var next = 0

    mutating func append(_ sample: ServerSample) {
        if samples.count < Self.length {
            samples.append(sample)
        } else {
            samples[next % Self.length] = sample
        }
        next += 1
    }

    var last: ServerSample? { next > 0 ? samples[(next - 1) % Self.length] : nil }

    /// Those from `number` on that are still there, oldest first. A number that no sample has had is taken for that of
    /// another ring: all are given.
    func samples(from number: Int) -> [ServerSample] {
        let first = next - samples.count
        let start = (first...next).contains(number) ? number : first
        return (start..<next).map { samples[$0 % Self.length] }
    }
}
