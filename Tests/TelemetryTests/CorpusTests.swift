import ServingPrimitives
import TelemetryExercises
import Testing

/// Replays what the fuzz targets start from, and all that has failed once; also cut off anywhere and with any byte changed.
@Suite struct CorpusTests {
    @Test(arguments: inputs("fuzz-trace-parent")) func `a traceparent is read as its definition has it`(
        _ name: String
    ) throws {
        for input in try variants(of: "fuzz-trace-parent/\(name)") {
            #expect(TraceParentExercise.fault(in: input) == nil, "\(input)")
        }
    }

    @Test(arguments: inputs("fuzz-request-filter")) func `a filter is the same when it is read again`(
        _ name: String
    ) throws {
        for input in try variants(of: "fuzz-request-filter/\(name)") {
            #expect(RequestFilterExercise.fault(in: input) == nil, "\(input)")
        }
    }

    @Test func `there are inputs to replay`() {
        #expect(inputs("fuzz-trace-parent").count >= 8)
        #expect(inputs("fuzz-request-filter").count >= 6)
    }

    private func variants(of path: String) throws -> [[UInt8]] {
        let input = try LocalFile.contents(of: corpus + path, limit: 1 << 20)
        let cut = input.indices.map { Array(input[..<$0]) }
        let changed = input.indices.flatMap { index in
            Array("-&=%+0afAF \u{0}".utf8 + [0xFF]).map { byte in
                var changed = input
                changed[index] = byte
                return changed
            }
        }
        return [input] + cut + changed
    }
}

/// FuzzTesting/Corpus beside Tests.
private let corpus: String = {
    let parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
    return parts.dropLast(3).joined(separator: "/") + "/FuzzTesting/Corpus/"
}()

private func inputs(_ target: String) -> [String] {
    (LocalFolder.names(in: corpus + target) ?? []).filter { !$0.hasPrefix(".") }.sorted()
}
