import Foundation
import Testing
import WireExercises

/// Replays what the fuzz target starts from, and what it once failed on.
@Suite struct CorpusTests {
    private static let repository = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    private static func inputs(of target: String) -> [URL] {
        let folder = repository.appending(path: "FuzzTesting/Corpus/\(target)")
        return (try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)) ?? []
    }

    @Test func `the corpus is there`() {
        #expect(Self.inputs(of: "fuzz-predict-request").count > 10)
        #expect(Self.inputs(of: "fuzz-tfrecord").count > 10)
        #expect(Self.inputs(of: "fuzz-example-request").count > 10)
        #expect(Self.inputs(of: "fuzz-text-format").count > 10)
    }

    @Test(arguments: inputs(of: "fuzz-example-request"))
    func `decoders of examples agree with generated messages on the corpus`(_ input: URL) throws {
        #expect(ExampleRequestExercise.disagreement(on: Array(try Data(contentsOf: input))) == nil)
    }

    @Test(arguments: inputs(of: "fuzz-text-format"))
    func `texts are read, written and read again`(_ input: URL) throws {
        #expect(TextFormatExercise.disagreement(on: Array(try Data(contentsOf: input))) == nil)
    }

    @Test(arguments: inputs(of: "fuzz-tfrecord"))
    func `warm-up records are read back and agree with generated messages`(_ input: URL) throws {
        #expect(TFRecordExercise.disagreement(on: Array(try Data(contentsOf: input))) == nil)
    }

    @Test(arguments: inputs(of: "fuzz-predict-request"))
    func `decoder and generated messages agree on the corpus`(_ input: URL) throws {
        #expect(PredictRequestExercise.disagreement(on: Array(try Data(contentsOf: input))) == nil)
    }

    @Test func `generated messages are up to date`() throws {
        let script = Process()
        script.executableURL = Self.repository.appending(path: "scripts/generate-protos")
        script.arguments = ["--check-hash"]
        try script.run()
        script.waitUntilExit()
        #expect(script.terminationStatus == 0)
    }
}
