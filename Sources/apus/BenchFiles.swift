import ArgumentParser
import Glibc
import ServingPrimitives

/// Files of `apus bench`.
enum BenchFiles {
    static let limit = 1 << 30

    static func contents(_ path: String) throws -> [UInt8] { try LocalFile.contents(of: path, limit: limit) }

    /// Arrival times: the first column of each line, in seconds from anywhere; what is no number on the first line is a
    /// heading.
    static func arrivals(_ path: String) throws -> [UInt64] {
        var seconds: [Double] = []
        let lines = String(decoding: try contents(path), as: UTF8.self).split(whereSeparator: \.isNewline)
        for (number, line) in lines.enumerated() {
            let cell = line.prefix { $0 != "," && $0 != ";" && $0 != "\t" }.filter { $0 != " " }
            guard let value = Double(cell), value.isFinite else {
                if number == 0 { continue }
                throw ValidationError("\(path), line \(number + 1): \"\(cell)\" is no time in seconds")
            }
            seconds.append(value)
        }
        seconds.sort()
        guard let first = seconds.first, let last = seconds.last else {
            throw ValidationError("\(path) has no arrival times")
        }
        guard last - first < 1e6 else { throw ValidationError("\(path) spans more than a million seconds") }
        return seconds.map { UInt64(($0 - first) * 1e9) }
    }

    static func write(_ text: String, to path: String) throws {
        guard let file = fopen(path, "w") else {
            throw ValidationError("\(path) cannot be written: \(String(cString: strerror(errno)))")
        }
        let written = text.utf8.withContiguousStorageIfAvailable { fwrite($0.baseAddress, 1, $0.count, file) }
        guard fclose(file) == 0, written == text.utf8.count else {
            throw ValidationError("\(path) cannot be written: \(String(cString: strerror(errno)))")
        }
    }

    static func writeToStandardError(_ text: String) {
        _ = text.withCString { Glibc.write(STDERR_FILENO, $0, strlen($0)) }
    }
}
