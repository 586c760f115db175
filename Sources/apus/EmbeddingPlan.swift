import ArgumentParser
import EmbeddingScale
import EngineEmbedding
import ModelTools

/// `apus embedding plan`: what tables of a size take.
struct PlanEmbeddings: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Calculate what shards for tables of a size take: memory, machines, network, times.",
        discussion: """
            Calculated from what was measured on one machine (docs/embedding-scale.md says what, and what is assumed), \
            and printed as a table of Markdown with a column for each --rows. The slowest shard of a request is \
            simulated: the same seed gives the same numbers.

            EXAMPLES
              A hundred billion rows on machines with 256 GiB for tables:
                apus embedding plan --rows 1e11 --width 32 --compression fp16 --shard-memory 256GiB \\
                    --requests 100000 --ids 500
            """
    )

    @Option(help: "Rows of all tables together; repeat for more columns.")
    var rows: [Double] = [1e9, 1e11]

    @Option(help: "Numbers of a row.")
    var width = 32

    @Option(help: "fp32, fp16, fixed_r8 or one_bit.")
    var compression = "fp16"

    @Option(help: ArgumentHelp("Memory of a machine that tables may take.", valueName: "bytes"))
    var shardMemory = "256GiB"

    @Option(help: "Cores of a machine.")
    var cores = 16.0

    @Option(help: "Gigabits a second of a machine's network.")
    var network = 25.0

    @Option(help: "Gigabytes a second of a machine's disk.")
    var disk = 2.0

    @Option(help: "Requests to the entries in a second.")
    var requests = 100_000.0

    @Option(help: "Ids that a request looks up.")
    var ids = 500.0

    @Option(help: "Percent of the rows that pushes have changed since the dump.")
    var changed = 5.0

    @Option(
        help: "Versions in memory at a time: 2 where the next is loaded while one serves, 1 where machines take turns."
    )
    var versions = 2

    @Option(help: "Replicas of each shard, at least.")
    var replicas = 2

    @Option(help: "Milliseconds of a shard's answer: the median, and what one in a hundred takes longer than.")
    var shardMedian = 0.5

    @Option(help: "See --shard-median.")
    var shardP99 = 3.0

    @Option(help: "Of the simulation.")
    var seed: UInt64 = 1

    func validate() throws {
        let positive = [cores, network, disk, requests, ids, shardMedian, Double(versions), Double(replicas)] + rows
        guard !rows.isEmpty, positive.allSatisfy({ $0.isFinite && $0 > 0 }), rows.allSatisfy({ $0 <= 1e15 }) else {
            throw ValidationError("numbers are to be positive, and --rows at most 1e15")
        }
        guard ids <= 1e6, requests <= 1e9, (0...100).contains(changed), shardP99 >= shardMedian, shardP99 <= 1e6 else {
            throw ValidationError(
                "--ids is at most 1e6, --requests 1e9, --changed 0 to 100, and --shard-p99 not below --shard-median"
            )
        }
        _ = try format
        _ = try shardBytes
    }

    private var shardBytes: Int {
        get throws {
            guard let bytes = ByteCount.parse(shardMemory), bytes > 0 else {
                throw ValidationError("--shard-memory is \(shardMemory); expected bytes, like 256GiB")
            }
            return bytes
        }
    }

    private var format: RowFormat {
        get throws {
            let kinds: [String: RowCompression] = [
                "fp32": .fp32, "fp16": .fp16, "fixed_r8": .fixedR8(range: 1),
                "one_bit": .oneBit(scale: 200, amplitude: 0.1),
            ]
            guard let kind = kinds[compression] else {
                throw ValidationError("--compression is \(compression); expected fp32, fp16, fixed_r8 or one_bit")
            }
            return try RowFormat([RowSegment(dimension: width, compression: kind)])
        }
    }

    func run() throws {
        let machine = ScaleDemand.Machine(
            memory: Double(try shardBytes),
            cores: cores,
            network: network * 1e9 / 8,
            disk: disk * 1e9
        )
        let plans = try rows.map { rows in
            ScalePlan(
                ScaleDemand(
                    rows: rows,
                    format: try format,
                    requestsPerSecond: requests,
                    idsPerRequest: ids.rounded(),
                    changedShare: changed / 100,
                    versions: Double(versions),
                    leastReplicas: Double(replicas),
                    machine: machine
                )
            )
        }
        let latency = FanOutSimulation.Latency(median: shardMedian / 1e3, p99: shardP99 / 1e3)
        print(ScaleTable(plans, latency: latency, seed: seed).text, terminator: "")
    }
}
