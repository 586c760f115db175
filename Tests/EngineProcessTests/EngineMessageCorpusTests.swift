import EngineExercises
import EngineInterface
import Foundation
import ServingPrimitives
import Tensors
import Testing

@testable import EngineProcess

/// FuzzTesting/Corpus/fuzz-engine-message: whole messages, and what once failed.
@Suite struct EngineMessageCorpusTests {
    private static let folder = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")

    private static func bytes(of name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(filePath: "/\(folder)/FuzzTesting/Corpus/fuzz-engine-message/\(name)")))
    }

    @Test(arguments: [("run-request", 3 as UInt64?), ("signature", 5), ("outputs", 207), ("error", nil)])
    func `the seeds are read`(name: String, sum: UInt64?) throws {
        #expect(EngineMessageExercise.readBytes(in: try Self.bytes(of: name)) == sum)
    }

    /// A seed that the format has left behind would find nothing any more.
    @Test func `the seeds are as messages are written now`() throws {
        let strings = try Tensor(TensorShape([2]), strings: [Array("a".utf8), Array("n".utf8)])
        let number = try Tensor(.int32, .scalar, scalars: [5 as Int32])
        let parameter = Signature.Parameter(
            name: "k",
            elementType: .int32,
            shape: [],
            tensorName: "k:0",
            defaultValue: number
        )
        let seeds: [(String, UInt8, (inout MessageWriter) -> Void)] = [
            (
                "run-request", 0,
                {
                    $0.write(
                        RunRequest(
                            signature: 0,
                            // The shape and type cannot be wrong.
                            inputs: [try! Tensor(.uint8, .vector(2), scalars: [1 as UInt8, 2])],
                            outputs: [0]
                        )
                    )
                }
            ),
            ("signature", 1, { $0.write(Signature(name: "s", methodName: "m", inputs: [parameter], outputs: [])) }),
            (
                "outputs", 3,
                {
                    $0.write(true)
                    $0.write([strings]) { $0.write($1) }
                    $0.write([TraceEvent(.operation, name: "a", thread: 1, start: 2, duration: 3)]) { $0.write($1) }
                }
            ),
            (
                "error", 2,
                {
                    $0.write(false)
                    $0.write(ServingError(.internal, "no", retryAfterNanoseconds: 4))
                }
            ),
        ]
        for (name, kind, write) in seeds {
            let expected = [kind] + (try MessageWriter.bytes(limit: 4096, write))
            #expect(try Self.bytes(of: name) == expected, "\(name)")
        }
    }
}
