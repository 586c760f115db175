import Glibc
import Logging
import ServingConfig
import ServingMetrics
import ServingPrimitives
import Synchronization
import Testing

@testable import RequestLogging

/// A folder of its own, removed at the end.
private final class Folder {
    let path: String

    init() {
        var template = Array("/tmp/apus-log-XXXXXX".utf8CString)
        path = template.withUnsafeMutableBufferPointer { String(cString: mkdtemp($0.baseAddress!)) }
    }

    deinit {
        for name in names { unlink("\(path)/\(name)") }
        rmdir(path)
    }

    var names: [String] {
        guard let stream = opendir(path) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    func records(_ name: String) throws(ServingError) -> [[UInt8]] {
        var reader = TFRecordReader(Bytes(try LocalFile.contents(of: "\(path)/\(name)", limit: 1 << 24)))
        var records: [[UInt8]] = []
        while let record = try reader.next() { records.append(Array(record.bytes)) }
        return records
    }

    private struct Bytes: TFRecordSource {
        let bytes: [UInt8]
        init(_ bytes: [UInt8]) { self.bytes = bytes }
        var byteCount: UInt64 { UInt64(bytes.count) }
        func read(at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) {
            buffer.copyBytes(from: bytes[Int(offset)..<Int(offset) + buffer.count])
        }
    }
}

/// A clock that is set by hand, and a disk that takes so many bytes.
private final class Surroundings: Sendable {
    let seconds = Atomic<Int>(1_795_293_935)
    let room = Atomic<Int>(.max)

    var system: RequestLogFile.System {
        RequestLogFile.System { [self] in
            seconds.load(ordering: .relaxed)
        } write: { [self] descriptor, vectors, count in
            let room = room.load(ordering: .relaxed)
            var vector = vectors[0]
            // One at a time, as a system call may do less than it is asked for.
            vector.iov_len = min(vector.iov_len, room)
            guard vector.iov_len > 0 else {
                errno = ENOSPC
                return -1
            }
            self.room.wrappingSubtract(vector.iov_len, ordering: .relaxed)
            return writev(descriptor, &vector, 1)
        }
    }
}

@Suite struct RequestLogFileTests {
    private let folder = Folder()
    private let surroundings = Surroundings()
    private let metrics = ServerMetrics()

    private func file(_ change: (inout ServerConfiguration.RequestLogFiles) -> Void = { _ in }) -> RequestLogFile {
        var limits = ServerConfiguration.RequestLogFiles()
        change(&limits)
        return RequestLogFile(
            prefix: "\(folder.path)/m",
            limits: limits,
            system: surroundings.system,
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        )
    }

    private func records(_ texts: String...) -> [LogRecord] {
        texts.map { LogRecord(data: Array($0.utf8), counts: LogCounts(model: "m", metrics: metrics)) }
    }

    private func count(_ status: String) -> Int64 { metrics.requestLogCount.cell(["m", status]).value }

    private func texts(_ name: String) throws -> [String] {
        try folder.records(name).map { String(decoding: $0, as: UTF8.self) }
    }

    @Test func `records are read again by a reader of TFRecord files`() throws {
        let file = file()
        file.append(records("a", "", String(repeating: "long", count: 1000)))
        file.append(records("b"))
        #expect(folder.names == ["m-20261121T204535Z-00001.tfrecord"])
        #expect(try texts(folder.names[0]) == ["a", "", String(repeating: "long", count: 1000), "b"])
        #expect(count("OK") == 4)
    }

    @Test func `a file that is full is followed by another, and the oldest go`() throws {
        let file = file {
            $0.maximumByteCount = 40
            $0.maximumCount = 2
        }
        // 17 bytes each in the file.
        file.append(records("1", "2", "3", "4", "5"))
        #expect(folder.names.map { $0.suffix(14) } == ["00002.tfrecord", "00003.tfrecord"])
        #expect(try folder.names.map { try texts($0) } == [["3", "4"], ["5"]])
        #expect(count("OK") == 5)
    }

    @Test func `a record larger than a file may be has one for itself`() throws {
        let file = file { $0.maximumByteCount = 40 }
        file.append(records("1", String(repeating: "x", count: 100), "2"))
        #expect(try folder.names.map { try texts($0).count } == [1, 1, 1])
    }

    @Test func `a file that is old is followed by another`() throws {
        let file = file { $0.maximumSeconds = 60 }
        file.append(records("1"))
        #expect(file.secondsToExpiry == 60)
        surroundings.seconds.add(59, ordering: .relaxed)
        file.append(records("2"))
        surroundings.seconds.add(1, ordering: .relaxed)
        file.closeIfExpired()
        #expect(file.secondsToExpiry == nil)
        file.append(records("3"))
        #expect(try folder.names.map { try texts($0) } == [["1", "2"], ["3"]])
        #expect(folder.names.last == "m-20261121T204635Z-00001.tfrecord")
    }

    @Test func `only files of the log itself are deleted`() throws {
        let others = [
            "m-20261121T204535Z-00001.tfrecord.gz", "m-2-20261121T204535Z-00001.tfrecord", "m-notes.tfrecord", "n",
            "m-20261121T204535Z-0001.tfrecord", "m-20261121T204535Z-000012.tfrecord",
        ]
        for name in others { close(open("\(folder.path)/\(name)", O_CREAT | O_WRONLY, 0o600)) }
        let file = file {
            $0.maximumByteCount = 1
            $0.maximumCount = 1
        }
        file.append(records("1", "2", "3"))
        #expect(folder.names == (others + ["m-20261121T204535Z-00003.tfrecord"]).sorted())
    }

    @Test func `what a full disk does not take is dropped and counted, and no record is there in part`() throws {
        let file = file()
        surroundings.room.store(40, ordering: .relaxed)
        file.append(records("1", "2", "3", "4"))
        #expect(try texts(folder.names[0]) == ["1", "2"])
        #expect(count("OK") == 2)
        #expect(count("RESOURCE_EXHAUSTED") == 2)
    }

    @Test func `a disk that was full is tried again a second later`() throws {
        let file = file()
        surroundings.room.store(0, ordering: .relaxed)
        file.append(records("1"))
        surroundings.room.store(.max, ordering: .relaxed)
        file.append(records("2"))
        #expect(folder.names.isEmpty, "an empty file is no use")
        surroundings.seconds.add(1, ordering: .relaxed)
        file.append(records("3"))
        #expect(try texts(folder.names[0]) == ["3"])
        #expect(count("RESOURCE_EXHAUSTED") == 2)
        #expect(count("OK") == 1)
    }

    @Test func `a folder that is not there costs records and nothing else`() throws {
        rmdir(folder.path)
        let file = file()
        file.append(records("1"))
        #expect(count("NOT_FOUND") == 1)
        mkdir(folder.path, 0o700)
        surroundings.seconds.add(1, ordering: .relaxed)
        file.append(records("2"))
        #expect(try texts(folder.names[0]) == ["2"])
    }

    @Test func `a file that was taken away is followed by another`() throws {
        let file = file()
        file.append(records("1"))
        unlink("\(folder.path)/\(folder.names[0])")
        file.append(records("2"))
        #expect(try texts(folder.names[0]) == ["2"])
    }

    @Test func `what comes after the end of a log is written, and no file stays open`() throws {
        let file = file()
        file.append(records("1"))
        file.retire()
        #expect(file.secondsToExpiry == nil)
        file.append(records("2"))
        #expect(file.secondsToExpiry == nil)
        #expect(try folder.names.map { try texts($0) } == [["1"], ["2"]])
    }
}
