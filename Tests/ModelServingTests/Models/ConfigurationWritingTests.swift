import ServingConfig
import ServingPrimitives
import ServingProtos
import SwiftProtobuf
import Testing

@testable import ModelServing

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

@Suite struct ConfigurationWritingTests {
    @Test func `what is written is read again as it was`() throws {
        try withTemporaryFolder { folder in
            let file = ModelConfigurationFile(path: "\(folder)/models.config")
            try write("", to: file.path)
            var models: [ServerConfiguration.Model] = []
            for policy in [ServerConfiguration.VersionPolicy.latest(1), .latest(3), .all, .specific([2, 9])] {
                var model = ServerConfiguration.Model(name: "m\(models.count)", basePath: "/m \"quoted\"")
                model.versionPolicy = policy
                model.versionLabels = ["stable": 2]
                models.append(model)
            }
            models[0].isolation = .process
            models[1].sessionTarget = "grpc://worker:2222"
            models[0].requestLog = RequestLog(filenamePrefix: "/logs/m", samplingRate: 0.25)
            try file.replace(with: models)
            #expect(try file.read() == .list(models))
        }
    }

    @Test func `models that stay keep what this server does not know`() throws {
        try withTemporaryFolder { folder in
            let file = ModelConfigurationFile(path: "file://\(folder)/models.config")
            try write(
                """
                model_config_list {
                  config { name: "a" base_path: "/a" model_platform: "tensorflow" logging_config { sampling_config { sampling_rate: 0.5 } } }
                  config { name: "b" base_path: "/b" model_type: TENSORFLOW }
                }
                """,
                to: "\(folder)/models.config"
            )
            var models = try file.read().models
            models.removeLast()
            models.append(.init(name: "c", basePath: "/c"))
            try file.replace(with: models)
            let text = String(decoding: try LocalFile.contents(of: file.path, limit: 1 << 20), as: UTF8.self)
            #expect(text.contains("sampling_rate: 0.5"))
            #expect(try file.read().models.map(\.name) == ["a", "c"])
        }
    }

    @Test func `permissions stay, links lead on, and nothing is left beside the file`() throws {
        try withTemporaryFolder { folder in
            let (real, link) = ("\(folder)/real", "\(folder)/link")
            try write("old", to: real)
            chmod(real, 0o604)
            symlink("real", link)
            try AtomicFile.replace(link, with: Array("new".utf8))
            #expect(try LocalFile.contents(of: real, limit: 100) == Array("new".utf8))
            var status = stat()
            #expect(lstat(link, &status) == 0 && status.st_mode & S_IFMT == S_IFLNK)
            #expect(stat(real, &status) == 0 && status.st_mode & 0o7777 == 0o604)
            #expect(names(in: folder) == ["link", "real"])
        }
    }

    @Test func `what is not there or no file is not written`() throws {
        try withTemporaryFolder { folder in
            let error = #expect(throws: ServingError.self) { try AtomicFile.replace("\(folder)/none", with: [1]) }
            #expect(error?.message.contains("cannot find \(folder)/none") == true)
            #expect(throws: ServingError.self) { try AtomicFile.replace(folder, with: [1]) }
            #expect(names(in: folder).isEmpty)
        }
    }

    private func write(_ text: String, to path: String) throws {
        let file = try #require(fopen(path, "w"))
        fputs(text, file)
        fclose(file)
    }

    private func names(in folder: String) -> [String] {
        guard let stream = opendir(folder) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            names.append(withUnsafePointer(to: &entry.pointee.d_name.0) { String(cString: $0) })
        }
        return names.filter { $0 != "." && $0 != ".." }.sorted()
    }

    private func withTemporaryFolder(_ body: (String) throws -> Void) throws {
        var template = Array("/tmp/apus-writing-XXXXXX".utf8CString)
        let folder = try #require(mkdtemp(&template).map { String(cString: $0) })
        defer {
            for name in names(in: folder) { unlink("\(folder)/\(name)") }
            rmdir(folder)
        }
        try body(folder)
    }
}
