import CacheSimulation
import ServingPrimitives
import Testing

@Suite struct CacheStudyTests {
    private func study(drift: Double = 0) -> CacheStudy {
        CacheStudy(
            models: CacheTrace.models(200, seed: 1),
            requests: CacheTrace.zipf(10_000, models: 200, exponent: 1.1, perSecond: 100, drift: drift, seed: 2)
        )
    }

    @Test(arguments: [0.0, 1])
    func `the server's policy waits less than recency or frequency alone, and no policy beats the future`(drift: Double)
    {
        let study = study(drift: drift)
        let outcomes = study.compare(budget: study.totalBytes / 10)
        let waited = Dictionary(uniqueKeysWithValues: outcomes.map { ($0.policy, $0.waited) })
        #expect(waited["cost-aware"]! < waited["LRU"]!)
        #expect(waited["cost-aware"]! <= waited["LFU"]!)
        #expect(waited["clairvoyant"]! <= waited["cost-aware"]!)
    }

    @Test func `no policy keeps more than the budget`() {
        let study = study()
        for outcome in study.compare(budget: study.totalBytes / 20) {
            #expect(outcome.largestBytes <= study.totalBytes / 20)
            #expect(outcome.hits + outcome.misses == 10_000)
        }
    }

    @Test func `with room for all each model is loaded once`() {
        let study = study()
        let asked = Set(study.requests.map(\.model)).count
        for outcome in study.compare(budget: study.totalBytes) { #expect(outcome.misses == asked) }
    }

    @Test func `a trace is read line by line`() throws {
        let study = try CacheTrace.parse("# a comment\n0,a,100,5\n1.5,b,200,6\n2,a,100,5\n")
        #expect(
            study.models == [
                .init(bytes: 100, loadNanoseconds: 5_000_000), .init(bytes: 200, loadNanoseconds: 6_000_000),
            ]
        )
        #expect(study.requests.map(\.model) == [0, 1, 0])
    }

    @Test(arguments: ["0,a,100", "x,a,100,5", "0,a,0,5", "0,a,100,-1", "1e99,a,1,1", "nan,a,1,1"])
    func `a line that is none is named`(line: String) {
        #expect(throws: ServingError.self) { try CacheTrace.parse("0,a,1,1\n\(line)\n") }
    }
}
