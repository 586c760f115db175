import Logging
import ModelSources
import Servables
import ServingConfig
import ServingPrimitives
import Synchronization
import Testing

@testable import ModelServing

@Suite struct RememberedCostsTests {
    private static let cost = ServableCost(residentBytes: 70, peakBytes: 90, loadNanoseconds: 5, isMeasured: true)

    @Test func `what is written is read`() throws {
        var costs = RememberedCosts()
        costs.remember(Self.cost, of: "/models/a b/1", 0xFF)
        let read = try #require(RememberedCosts(costs.text))
        #expect(read == costs)
        #expect(read.cost(of: "/models/a b/1", 0xFF) == Self.cost)
    }

    @Test func `a version whose files have changed is another`() {
        var costs = RememberedCosts()
        costs.remember(Self.cost, of: "/m/1", 1)
        #expect(costs.cost(of: "/m/1", 2) == nil)
        #expect(costs.cost(of: "/m/2", 1) == nil)
    }

    @Test(arguments: ["", "something else\n", "apus model costs 3\nff 1 1 1 measured /m\n"])
    func `a file of something else is none`(text: String) {
        #expect(RememberedCosts(Array(text.utf8)) == nil)
    }

    @Test(arguments: [
        "ff 70 90 5", "ff 70 90 5 m/1", "zz 70 90 5 /m/1", "ff -1 90 5 /m/1", "ff 70 9223372036854775807 5 /m/1",
        "ff 70 90 -5 /m/1", "", "\u{0}", "ff  70 90 5 /m/1",
    ])
    func `a line that makes no sense is passed over`(line: String) throws {
        let text = "apus model costs 1\n\(line)\nff 70 90 5 /good/1\n"
        let costs = try #require(RememberedCosts(Array(text.utf8)))
        #expect(Array(costs.entries.keys) == ["/good/1"])
    }

    @Test func `what was estimated is not taken for measured`() throws {
        var costs = RememberedCosts()
        costs.remember(Self.cost, of: "/a/1", 1)
        costs.remember(ServableCost(residentBytes: 5, loadNanoseconds: 3), of: "/b/1", 1)
        let read = try #require(RememberedCosts(costs.text))
        #expect(read == costs)
        #expect(read.cost(of: "/b/1", 1)?.isMeasured == false)
        let fingerprint = VersionSize(of: "/a/1").fingerprint
        costs.remember(Self.cost, of: "/a/1", fingerprint)
        #expect(costs.measuredBytes(of: "/a/1") == 70 && costs.measuredBytes(of: "/b/1") == nil)
    }

    @Test(arguments: ["ff 70 90 5 /m/1", "ff 70 90 5 guessed /m/1", "ff 70 90 5 measured m/1"])
    func `a line of the second form that makes no sense is passed over`(line: String) throws {
        let text = "apus model costs 2\n\(line)\nff 70 90 5 estimated /good/1\n"
        #expect(try #require(RememberedCosts(Array(text.utf8))).entries.keys.sorted() == ["/good/1"])
    }

    @Test func `what another server wrote is kept`() {
        var own = RememberedCosts()
        own.remember(Self.cost, of: "/a/1", 1)
        var other = RememberedCosts()
        other.remember(ServableCost(residentBytes: 1), of: "/a/1", 1)
        other.remember(Self.cost, of: "/b/1", 1)
        own.add(other)
        #expect(own.cost(of: "/a/1", 1) == Self.cost && own.cost(of: "/b/1", 1) == Self.cost)
    }
}

@Suite struct ModelSizeTests {
    private func size(variables: Int = 0, graph: Int = 0) -> VersionSize {
        var size = VersionSize(of: "/nowhere")
        size.variableBytes = variables
        size.graphBytes = graph
        return size
    }

    @Test func `variables take what they take on disk, graphs many times that`() {
        let mb = 1 << 20
        let big = ModelSize(size(variables: 100 * mb)).cost(graphFactor: 1)
        #expect((100 * mb...102 * mb).contains(big.residentBytes))
        let graph = ModelSize(size(graph: mb)).cost(graphFactor: 1)
        #expect((20 * mb...21 * mb).contains(graph.residentBytes) && graph.peakBytes > 35 * mb)
        // A graph of 100 MB is mostly constants.
        #expect(ModelSize(size(graph: 100 * mb)).cost(graphFactor: 1).residentBytes < 520 * mb)
    }
}

@Suite struct ModelCostsTests {
    private static let version = AspiredVersion(id: ServableID(name: "m", version: 1), path: "/nowhere/m/1")

    @Test func `the first load brings the engine, later ones are measured`() {
        let memory = Mutex(1000)
        let loads = LoadMemory { memory.withLock { $0 } }
        let costs = ModelCosts(
            budget: 1 << 30,
            memory: loads,
            file: nil,
            anonymousBytes: { memory.withLock { $0 } }
        )
        let estimate = costs.expected(Self.version)
        #expect(!estimate.isMeasured)
        loads.measuring(Self.version.id) { memory.withLock { $0 += 500 << 20 } }
        #expect(!costs.loaded(Self.version, loadNanoseconds: 7, copies: 1).isMeasured)
        loads.measuring(Self.version.id) { memory.withLock { $0 += 3 << 20 } }
        let measured = costs.loaded(Self.version, loadNanoseconds: 5, copies: 1)
        #expect(measured.isMeasured && measured.residentBytes == 3 << 20)
        #expect(costs.expected(Self.version) == measured, "it is remembered")
        #expect(costs.measuredBytes(of: Self.version.path) == 3 << 20)
        loads.measuring(Self.version.id, copies: 2) { memory.withLock { $0 += 8 << 20 } }
        let copies = costs.loaded(Self.version, loadNanoseconds: 9, copies: 2)
        #expect(copies.residentBytes == 4 << 20, "a copy costs half of what two did")
    }

    @Test func `what the process holds besides for a second counts, up to a share`() {
        let memory = Mutex(0)
        let loads = LoadMemory { memory.withLock { $0 } }
        let time = Mutex<UInt64>(0)
        let costs = ModelCosts(
            budget: 1 << 30,
            memory: loads,
            file: nil,
            anonymousBytes: { memory.withLock { $0 } },
            clock: { MonotonicTime(nanoseconds: time.withLock { $0 }) }
        )
        func overhead(accounted: Int, isSettled: Bool = true, seconds: Double, holding bytes: Int) -> Int {
            memory.withLock { $0 = bytes }
            time.withLock { $0 = UInt64(seconds * 1_000_000_000) }
            return costs.overhead(accounted: accounted, isSettled: isSettled)
        }
        #expect(overhead(accounted: 0, seconds: 0.5, holding: 0) == 0, "nothing is known before the first load")
        let cost = costs.loaded(Self.version, loadNanoseconds: 1, copies: 1)
        let models = cost.residentBytes
        #expect(overhead(accounted: models, seconds: 1, holding: models + (10 << 20)) == 10 << 20)
        #expect(overhead(accounted: models, seconds: 1.5, holding: models + (90 << 20)) == 10 << 20, "for a moment")
        #expect(overhead(accounted: models, seconds: 2.1, holding: models + (50 << 20)) == 10 << 20)
        #expect(overhead(accounted: models, seconds: 3.2, holding: models + (60 << 20)) == 50 << 20, "it has stayed")
        #expect(
            overhead(accounted: models, isSettled: false, seconds: 3.3, holding: models) == 50 << 20,
            "while models come and go, what is counted is not what is there"
        )
        #expect(overhead(accounted: 0, isSettled: false, seconds: 9, holding: 1 << 40) == 1 << 29)
    }
}

@Suite struct AvailableMemoryTests {
    private func bytes(_ files: [String: String]) -> Int {
        AvailableMemory.bytes(machine: 1000) { files[$0].map { Array($0.utf8) } }
    }

    @Test(arguments: [
        ([:], 1000),
        (["/sys/fs/cgroup/memory.max": "max\n"], 1000),
        (["/sys/fs/cgroup/memory.max": "600\n"], 600),
        (["/proc/self/cgroup": "0::/a/b\n", "/sys/fs/cgroup/a/memory.max": "300\n"], 300),
        (["/proc/self/cgroup": "0::/a/b\n", "/sys/fs/cgroup/a/b/memory.max": "200\n"], 200),
        (["/proc/self/cgroup": "4:cpu,memory:/x\n", "/sys/fs/cgroup/memory/x/memory.limit_in_bytes": "9\n"], 9),
        (["/sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n"], 1000),
        (["/proc/self/cgroup": "garbage\n::\n0::/../..\n"], 1000),
    ])
    func `the least limit of all groups around counts`(_ files: [String: String], _ expected: Int) {
        #expect(bytes(files) == expected)
    }

    @Test func `pressure is read from what Linux says`() {
        #expect(MachinePressure.stalledPercent("some avg10=12.50 avg60=1 avg300=0 total=5\nfull avg10=0\n") == 12.5)
        #expect(MachinePressure.stalledPercent("nonsense") == nil)
    }

    @Test(arguments: [
        ("60%", ServerConfiguration.ModelCache.Limit.share(0.6)), ("100%", .share(1)), ("1024", .bytes(1024)),
        ("devices", .devices),
    ])
    func `a limit is bytes, a share, or that of the devices`(
        _ text: String,
        _ limit: ServerConfiguration.ModelCache.Limit
    ) {
        #expect(ServerConfiguration.ModelCache.Limit(text) == limit)
    }

    @Test(arguments: ["", "0", "-5", "0%", "101%", "nan%", "1GB", "%", " 5"])
    func `anything else is no limit`(_ text: String) {
        #expect(ServerConfiguration.ModelCache.Limit(text) == nil)
    }
}
