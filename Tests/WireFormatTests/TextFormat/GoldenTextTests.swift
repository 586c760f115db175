import Foundation
import ServingProtos
import SwiftProtobuf
import Testing
import WireFormat

/// Texts with what protobuf's C++ parser says to them: see IntegrationTests/support/text_format_golden.py.
@Suite struct GoldenTextTests {
    struct Case: Decodable, CustomTestStringConvertible {
        var message: String
        var text: String
        /// `LINE:COLUMN: WHY` of the first problem.
        var problem: String?

        var testDescription: String { "\(message) from \(text.debugDescription)" }
    }

    private static let cases: [Case] = {
        let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Golden/text-format.json")
        return (try? JSONDecoder().decode([Case].self, from: Data(contentsOf: file))) ?? []
    }()

    @Test func `the cases are there`() {
        #expect(Self.cases.count > 300)
        #expect(Self.cases.count { $0.problem == nil } > 100)
    }

    @Test(arguments: cases)
    func `the first problem is the one protobuf's own parser reports`(_ golden: Case) throws {
        let types: [any Message.Type] = [
            Tensorflow_Serving_ModelServerConfig.self, Tensorflow_ConfigProto.self,
            Tensorflow_GPUOptions.Experimental.VirtualDevices.self, Tensorflow_Serving_PlatformConfigMap.self,
            Tensorflow_AttrValue.self, Tensorflow_Serving_BatchingParameters.self,
            Tensorflow_Serving_ThreadPoolFactoryConfig.self,
        ]
        let type = try #require(types.first { $0.protoMessageName == golden.message })
        #expect(firstProblem(golden.text, type) == golden.problem)
    }

    private func firstProblem<M: Message>(_ text: String, _ type: M.Type) -> String? {
        do throws(TextFormatError) {
            _ = try TextFormat.decode(text, as: type)
            return nil
        } catch {
            return error.problems.first?.description
        }
    }
}
