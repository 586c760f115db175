import ModelSources
import ServingPrimitives
import SourceExercises
import Testing

/// FuzzTesting/Corpus: what fuzz targets start from, and all that has failed once.
@Suite struct FuzzCorpusTests {
    private typealias Exercise = @Sendable ([UInt8]) -> String?

    private static let exercises: [String: Exercise] = [
        "fuzz-model-costs": ModelCostsExercise.fault(in:), "fuzz-cache-trace": CacheTraceExercise.fault(in:),
        "fuzz-store-listing": StoreListingExercise.fault(in:), "fuzz-json-tree": JSONTreeExercise.fault(in:),
        "fuzz-credential-file": CredentialFileExercise.fault(in:),
    ]

    @Test(arguments: exercises.keys.sorted())
    func `the corpus of the fuzzer has no fault`(target: String) throws {
        let exercise = try #require(Self.exercises[target])
        let folder = #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined()
        let corpus = "\(folder)/FuzzTesting/Corpus/\(target)"
        let names = try LocalFileSystem().names(in: corpus)
        #expect(names.count >= 3)
        for name in names {
            let bytes = try LocalFile.contents(of: "\(corpus)/\(name)", limit: 1 << 20)
            #expect(exercise(bytes) == nil, "\(name)")
        }
    }
}
