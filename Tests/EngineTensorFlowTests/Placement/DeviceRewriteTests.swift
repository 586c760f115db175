import EngineTensorFlow
import PlacementExercises
import ServingPrimitives
import Testing

@Suite struct DeviceRewriteTests {
    private func field(_ number: UInt8, _ bytes: [UInt8]) -> [UInt8] {
        precondition(bytes.count < 1 << 14)
        let length =
            bytes.count < 128 ? [UInt8(bytes.count)] : [UInt8(bytes.count & 127 | 128), UInt8(bytes.count >> 7)]
        return [number << 3 | 2] + length + bytes
    }

    private func node(_ name: String, _ device: String? = nil) -> [UInt8] {
        field(1, Array(name.utf8)) + (device.map { field(4, Array($0.utf8)) } ?? []) + field(2, Array("Add".utf8))
    }

    /// Devices come last, as the rewriting puts them.
    private func placed(_ name: String, _ device: String) -> [UInt8] {
        node(name) + field(4, Array(device.utf8))
    }

    private func savedModel(nodes: [[UInt8]], functions: [[UInt8]] = []) -> [UInt8] {
        var graph: [UInt8] = []
        for node in nodes { graph += field(1, node) }
        graph += [8, 7]
        var function: [UInt8] = []
        for node in functions { function += field(3, node) }
        if !functions.isEmpty { graph += field(2, field(1, function)) }
        return [8, 1] + field(2, field(1, field(4, Array("serve".utf8))) + field(2, graph) + field(9, [1, 2, 3]))
    }

    private func rewrite(_ bytes: [UInt8], _ device: String) throws -> (bytes: [UInt8], changed: Int) {
        let name = try #require(DeviceName(device))
        return try bytes.withUnsafeBytes {
            let rewrite = try DeviceRewrite($0, device: name)
            let result = try rewrite.rewritten()
            #expect(result.count == rewrite.length)
            return (result, rewrite.changedNodes)
        }
    }

    @Test func `nodes of the graph and of functions get the device, and all else stays`() throws {
        let before = savedModel(
            nodes: [node("a"), node("b", "/device:GPU:3")],
            functions: [node("c"), node("d", "/cpu:0")]
        )
        let after = try rewrite(before, "CPU:2")
        let name = "/device:CPU:2"
        #expect(
            after.bytes
                == savedModel(
                    nodes: [placed("a", name), placed("b", name)],
                    functions: [placed("c", name), placed("d", name)]
                )
        )
        #expect(after.changed == 4)
        #expect(try rewrite(after.bytes, "CPU:2").changed == 0)
    }

    @Test(arguments: ["/device:CPU:0", "/cpu:0", "/job:localhost/replica:0/task:0/device:CPU:0", "/job:w/task:3/CPU:1"])
    func `what was put on the CPU stays there when the rest goes to an accelerator`(device: String) throws {
        let after = try rewrite(savedModel(nodes: [node("a", device), node("b"), node("c", "/gpu:7")]), "GPU:1")
        #expect(
            after.bytes
                == savedModel(nodes: [node("a", device), placed("b", "/device:GPU:1"), placed("c", "/device:GPU:1")])
        )
    }

    @Test func `lengths grow where they must`() throws {
        // 120 bytes of name: the node passes 127 bytes with its device, and so do all messages around it.
        let long = String(repeating: "n", count: 110)
        #expect(
            try rewrite(savedModel(nodes: [node(long)]), "CPU:2").bytes
                == savedModel(nodes: [placed(long, "/device:CPU:2")])
        )
    }

    @Test func `a file without nodes stays as it is`() throws {
        #expect(try rewrite([], "CPU:1").bytes == [])
        #expect(try rewrite(savedModel(nodes: []), "CPU:1").bytes == savedModel(nodes: []))
    }

    @Test(
        arguments: [[0x12, 0x05, 0x0A], [0x12, 0x02, 0x0B, 0x0C], [0xFF], [0x12, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F]]
            as [[UInt8]]
    )
    func `bytes that are no SavedModel are refused`(bytes: [UInt8]) throws {
        let error = #expect(throws: ServingError.self) { try rewrite(bytes, "CPU:1") }
        #expect(error?.code == .invalidArgument)
    }

    /// FuzzTesting/Corpus/fuzz-device-rewrite: what the fuzz target starts from, and all that has failed once.
    @Test func `the fuzzer's inputs are refused or rewritten, and a second time changes nothing`() throws {
        let parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
        let folder = parts.dropLast(4).joined(separator: "/") + "/FuzzTesting/Corpus/fuzz-device-rewrite"
        let names = fileNames(in: folder)
        #expect(names.count >= 9)
        for name in names {
            let result = try fileContents("\(folder)/\(name)").withUnsafeBytes { DeviceRewriteExercise.run($0) }
            #expect((result == nil) == ["cut", "group"].contains(name), "\(name)")
        }
    }

    /// Every prefix and every changed byte: refused or rewritten, within bounds.
    @Test func `damaged files are refused or rewritten, never more`() {
        let whole: [UInt8] = [0] + savedModel(nodes: [node("a"), node("b", "/gpu:0")], functions: [node("c")])
        for length in 0..<whole.count { _ = whole.prefix(length).withUnsafeBytes { DeviceRewriteExercise.run($0) } }
        for index in whole.indices {
            for value in [0, 1, 2, 0x0A, 0x12, 0x22, 0x7F, 0x80, 0xFF] as [UInt8] {
                var changed = whole
                changed[index] = value
                changed.withUnsafeBytes { _ = DeviceRewriteExercise.run($0) }
            }
        }
    }
}

@Suite struct DeviceNameTests {
    @Test(arguments: [
        ("CPU:2", "CPU:2", "/device:CPU:2"), ("gpu:0", "GPU:0", "/device:GPU:0"),
        ("/device:TPU_SYSTEM:7", "TPU_SYSTEM:7", "/device:TPU_SYSTEM:7"),
        ("/job:localhost/replica:0/task:0/device:CPU:3", "CPU:3", "/device:CPU:3"),
        (
            "/job:worker/replica:0/task:1/device:CPU:0", "/job:worker/replica:0/task:1/device:CPU:0",
            "/job:worker/replica:0/task:1/device:CPU:0"
        ),
    ])
    func `names are read in all their forms`(text: String, name: String, nameInGraph: String) throws {
        let device = try #require(DeviceName(text))
        #expect("\(device)" == name)
        #expect(device.nameInGraph == nameInGraph)
    }

    @Test(arguments: [
        "", "CPU", "CPU:", ":0", "CPU:-1", "CPU:x", "CPU:1024", "C PU:0", "0CPU:0", "CPU:0:1", "/job:worker",
        "/task:1/CPU:0",
        "/job:w\n/device:CPU:0", "CPU:99999999999999999999",
    ])
    func `what is no name is refused`(text: String) { #expect(DeviceName(text) == nil) }
}
