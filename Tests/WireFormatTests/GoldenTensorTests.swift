import Foundation
import Inference
import Testing
import WireExercises

/// Tensors as clients may write them, against what TensorFlow itself reads from them: see
/// IntegrationTests/support/tensor_golden.py.
@Suite struct GoldenTensorTests {
    @Test func `tensors are read as TensorFlow reads them`() throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Golden/tensors.pb")
        let inputs = try decode(Array(try Data(contentsOf: file))).inputs
        let tensors = Dictionary(uniqueKeysWithValues: inputs.map { ($0.name, ReferenceTensor($0.tensor)) })
        let names = tensors.keys.filter { !$0.hasSuffix("/expected") }
        #expect(names.count > 150)
        for name in names {
            let expected = try #require(tensors["\(name)/expected"])
            #expect(tensors[name] == expected, "\(name)")
        }
    }
}
