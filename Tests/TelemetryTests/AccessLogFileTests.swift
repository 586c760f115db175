import ServingPrimitives
import Testing

@testable import Telemetry

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

@Suite final class AccessLogFileTests {
    private let folder: String

    init() {
        var template = Array("/tmp/apus-access-log-XXXXXX".utf8CString)
        folder = template.withUnsafeMutableBufferPointer { String(cString: mkdtemp($0.baseAddress!)) }
    }

    deinit {
        for name in ["log", "old", "pipe"] { unlink("\(folder)/\(name)") }
        rmdir(folder)
    }

    private func text(_ name: String) throws -> String {
        String(decoding: try LocalFile.contents(of: "\(folder)/\(name)", limit: 1 << 20), as: UTF8.self)
    }

    private func write(_ text: String, to file: AccessLogFile) -> Bool { file.write(Array(text.utf8)) }

    @Test func `lines are appended to what is there, and others cannot read them`() throws {
        let first = try AccessLogFile("\(folder)/log")
        #expect(write("one\n", to: first))
        let second = try AccessLogFile("\(folder)/log")
        #expect(write("two\n", to: second))
        #expect(write("three\n", to: first))
        #expect(try text("log") == "one\ntwo\nthree\n")
        var status = stat()
        #expect(stat("\(folder)/log", &status) == 0)
        #expect(status.st_mode & 0o007 == 0)
    }

    @Test func `a file that was renamed is written until it is opened anew`() throws {
        let file = try AccessLogFile("\(folder)/log")
        #expect(write("one\n", to: file))
        #expect(rename("\(folder)/log", "\(folder)/old") == 0)
        #expect(write("two\n", to: file))
        try file.reopen()
        #expect(write("three\n", to: file))
        #expect(try text("old") == "one\ntwo\n")
        #expect(try text("log") == "three\n")
    }

    @Test func `when it cannot be opened anew the old one stays in use`() throws {
        let file = try AccessLogFile("\(folder)/log")
        #expect(rename("\(folder)/log", "\(folder)/old") == 0)
        #expect(mkdir("\(folder)/log", 0o700) == 0)
        defer { rmdir("\(folder)/log") }
        #expect(throws: ServingError.self) { try file.reopen() }
        #expect(write("one\n", to: file))
        #expect(try text("old") == "one\n")
    }

    @Test func `a folder, and a pipe that nobody reads, are errors that name them`() throws {
        #expect(mkfifo("\(folder)/pipe", 0o600) == 0)
        for path in [folder, "\(folder)/pipe", "\(folder)/no/log"] {
            let error = #expect(throws: ServingError.self) { try AccessLogFile(path) }
            #expect(error?.code == .invalidArgument)
            #expect(error?.message.hasPrefix("cannot open the access log \(path): ") == true)
        }
    }

    @Test func `a line that was cut off is ended before the next`() throws {
        #expect(mkfifo("\(folder)/pipe", 0o600) == 0)
        let reader = open("\(folder)/pipe", O_RDONLY | O_NONBLOCK)
        defer { close(reader) }
        let file = try AccessLogFile("\(folder)/pipe")
        // More than a pipe holds.
        let long = String(repeating: "x", count: 1 << 20)
        #expect(!write(long + "\n", to: file))
        #expect(!write("lost\n", to: file), "there is no room for a single byte")
        let cut = drain(reader)
        #expect(!cut.isEmpty && cut.allSatisfy { $0 == UInt8(ascii: "x") })
        #expect(write("next\n", to: file))
        #expect(drain(reader) == Array("\nnext\n".utf8))
        #expect(write("after\n", to: file))
        #expect(drain(reader) == Array("after\n".utf8))
    }

    private func drain(_ reader: Int32) -> [UInt8] {
        var all: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while case let count = read(reader, &chunk, chunk.count), count > 0 { all += chunk[..<count] }
        return all
    }
}
