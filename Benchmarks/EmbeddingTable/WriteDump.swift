import ArgumentParser
import EmbeddingDump

/// A dump as Monolith's training exports it, of one table among several.
struct WriteDump: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dump",
        abstract: "Write a dump with the rows that the other measurements look up."
    )

    @Argument(help: "What the names of the files begin with; the folder must be there.")
    var base: String

    @Option(help: "Rows of the table.")
    var rows = 10_000_000

    @Option(help: "Numbers of a row.")
    var dimension = 32

    @Option(help: "The table's name.")
    var table = "item"

    @Option(help: "Files that the rows are split over.")
    var files = 4

    @Flag(help: "With the state of Adagrad for each row, as checkpoints have it.")
    var optimizer = false

    func run() throws {
        let dump = try DumpFiles(base: base, layout: .multi, shardCount: files)
        let state = optimizer ? Self.adagrad(dimension) : []
        var numbers = [Float](repeating: 0, count: dimension)
        for file in 0..<files {
            let writer = try DumpShardWriter(dump, shard: file)
            try writer.begin(table: table)
            for row in stride(from: file, to: rows, by: files) {
                let id = Queries.id(row)
                // From -1.5 to -0.5: digits that nothing can compress, and never zero.
                var digits = UInt64(bitPattern: id) | 1
                for index in 0..<dimension {
                    digits = digits &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                    numbers[index] = Float(digits >> 40) / Float(1 << 24) - 1.5
                }
                try numbers.withUnsafeBufferPointer { numbers in
                    try state.withUnsafeBytes { state in
                        try writer.append(
                            id: id,
                            values: numbers,
                            updateTime: 1_700_000_000,
                            optimizer: state.isEmpty ? nil : state
                        )
                    }
                }
            }
            try writer.finish()
        }
    }

    /// OptimizerDump { dump = 1: SingleOptimizerDump { adagrad = 1: { norm = 1: repeated float } } }
    private static func adagrad(_ dimension: Int) -> [UInt8] {
        var norms: [UInt8] = []
        for index in 0..<dimension {
            norms.append(0x0D)
            withUnsafeBytes(of: (Float(index) / 7).bitPattern.littleEndian) { norms += $0 }
        }
        func message(_ content: [UInt8]) -> [UInt8] {
            var length: [UInt8] = []
            var rest = content.count
            while rest > 0x7F {
                length.append(UInt8(rest & 0x7F) | 0x80)
                rest >>= 7
            }
            return [0x0A] + length + [UInt8(rest)] + content
        }
        return message(message(norms))
    }
}
