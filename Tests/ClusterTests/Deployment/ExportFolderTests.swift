import Cluster
import Foundation
import ServingPrimitives
import Testing

@Suite struct ExportFolderTests {
    /// A field of a message: a text, or a message in it.
    private func field(_ number: Int, _ content: [UInt8]) -> [UInt8] {
        var length: [UInt8] = []
        var rest = content.count
        while rest > 0x7F {
            length.append(UInt8(rest & 0x7F) | 0x80)
            rest >>= 7
        }
        return [UInt8(number << 3 | 2)] + length + [UInt8(rest)] + content
    }

    private func node(_ operation: String, model: String) -> [UInt8] {
        let value = field(2, field(2, Array(model.utf8)))
        let attribute = field(5, field(1, Array("model_name".utf8)) + value)
        return field(1, Array("node".utf8)) + attribute + field(2, Array(operation.utf8))
    }

    private func savedModel(_ graph: [UInt8]) -> [UInt8] { field(2, field(2, graph)) }

    @Test(
        arguments: [
            ("TfServingRemotePredict", "ffm:ps_0", "ffm"), ("TfServingRemotePredict", ":ps_0", nil),
            ("TfServingRemotePredict", "ffm", nil), ("Other", "ffm:ps_0", nil),
            (
                "TfServingRemotePredict", String(repeating: "n", count: 200) + ":ps_0",
                String(repeating: "n", count: 200)
            ),
        ] as [(String, String, String?)]
    )
    func `the model's name is found in the graph`(_ operation: String, _ model: String, _ name: String?) {
        let nodes = field(1, node("Other", model: "x:y")) + field(1, node(operation, model: model))
        #expect(EntryGraph.modelName(savedModel: savedModel(nodes)) == name)
        let function = field(2, field(1, field(3, node(operation, model: model))))
        #expect(EntryGraph.modelName(savedModel: savedModel(function)) == name)
    }

    @Test func `no damage of a graph is fatal`() {
        let bytes = savedModel(field(1, node("TfServingRemotePredict", model: "ffm:ps_0")))
        for index in bytes.indices {
            for mask: UInt8 in [0x01, 0x80, 0xFF] {
                var changed = bytes
                changed[index] ^= mask
                _ = EntryGraph.modelName(savedModel: changed)
            }
            #expect(EntryGraph.modelName(savedModel: Array(bytes.prefix(index))) == nil)
        }
    }

    @Test func `a folder is read`() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "export-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        for path in ["entry/1", "entry/20", "entry/temp-30", "ps_0/20", ".hidden", "a:b"] {
            try FileManager.default.createDirectory(
                at: folder.appending(path: path),
                withIntermediateDirectories: true
            )
        }
        try Data("state".utf8).write(to: folder.appending(path: "checkpoint"))
        for (version, model) in [("1", "old:ps_0"), ("20", "new:ps_0"), ("temp-30", "half:ps_0")] {
            let graph = savedModel(field(1, node("TfServingRemotePredict", model: model)))
            try Data(graph).write(to: folder.appending(path: "entry/\(version)/saved_model.pb"))
        }
        #expect(try ExportFolder(at: folder.path) == ExportFolder(subGraphs: ["entry", "ps_0"], modelName: "new"))
        try FileManager.default.removeItem(at: folder.appending(path: "entry/20/saved_model.pb"))
        #expect(try ExportFolder(at: folder.path).modelName == nil)
        let error = #expect(throws: ServingError.self) { try ExportFolder(at: "\(folder.path)/nothing") }
        #expect(error?.code == .notFound)
    }
}
