import RESTExercises
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Replays what the fuzz targets start from, and all that has failed once.
@Suite struct CorpusTests {
    @Test(arguments: inputs("fuzz-http1")) func `the connection survives`(_ name: String) {
        contents("fuzz-http1/" + name).withUnsafeBytes { HTTP1Exercise.run($0) }
    }

    @Test(arguments: inputs("fuzz-json")) func `the body's reader survives`(_ name: String) {
        contents("fuzz-json/" + name).withUnsafeBytes { JSONExercise.run($0) }
    }

    @Test(arguments: inputs("fuzz-json-examples")) func `the examples' reader survives`(_ name: String) {
        contents("fuzz-json-examples/" + name).withUnsafeBytes { JSONExamplesExercise.run($0) }
    }

    @Test(arguments: inputs("fuzz-repository-request")) func `the reader of repository requests survives`(
        _ name: String
    ) {
        let input = contents("fuzz-repository-request/" + name)
        for length in 0...input.count {
            input.prefix(length).withUnsafeBytes { #expect(RepositoryRequestExercise.fault(in: $0) == nil) }
        }
    }

    @Test(arguments: inputs("fuzz-json-examples"))
    func `the examples' reader survives what is cut or changed`(_ name: String) {
        let input = contents("fuzz-json-examples/" + name)
        for length in input.indices { input.prefix(length).withUnsafeBytes { JSONExamplesExercise.run($0) } }
        let replacements = Array("[]{},:\"\\.-e019ntbN \u{0}\u{1}".utf8) + [0xff]
        for index in input.indices {
            for replacement in replacements {
                var changed = input
                changed[index] = replacement
                changed.withUnsafeBytes { JSONExamplesExercise.run($0) }
                changed = input
                changed.insert(replacement, at: index)
                changed.withUnsafeBytes { JSONExamplesExercise.run($0) }
            }
        }
    }

    @Test func `there are inputs to replay`() {
        #expect(inputs("fuzz-json-examples").count >= 10)
        #expect(inputs("fuzz-http1").count >= 6)
        #expect(inputs("fuzz-json").count >= 11)
        #expect(inputs("fuzz-repository-request").count >= 4)
    }
}

/// FuzzTesting/Corpus beside Tests.
private let corpus: String = {
    let parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
    return parts.dropLast(3).joined(separator: "/") + "/FuzzTesting/Corpus/"
}()

private func inputs(_ target: String) -> [String] {
    guard let folder = opendir(corpus + target) else { return [] }
    defer { closedir(folder) }
    var names: [String] = []
    while let entry = readdir(folder) {
        let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        if !name.hasPrefix(".") { names.append(name) }
    }
    return names.sorted()
}

private func contents(_ path: String) -> [UInt8] {
    guard let file = fopen(corpus + path, "rb") else { return [] }
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 1 << 20)
    let count = fread(&bytes, 1, bytes.count, file)
    return Array(bytes[..<count])
}
