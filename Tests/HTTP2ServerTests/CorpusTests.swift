import Glibc
import HTTP2Exercises
import Testing

/// Replays what the fuzz targets start from, and all that has failed once.
struct CorpusTests {
    @Test(arguments: inputs("fuzz-http2")) func `the connection survives`(_ name: String) {
        contents("fuzz-http2/" + name).withUnsafeBytes { ConnectionExercise.run($0) }
    }

    @Test(arguments: inputs("fuzz-hpack")) func `the decoder survives`(_ name: String) {
        contents("fuzz-hpack/" + name).withUnsafeBytes { HPACKExercise.run($0) }
    }

    @Test func `there are inputs to replay`() {
        #expect(inputs("fuzz-http2").count >= 10)
        #expect(inputs("fuzz-hpack").count >= 5)
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
