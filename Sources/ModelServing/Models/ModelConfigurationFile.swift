import Logging
public import ServingConfig
public import ServingPrimitives
import ServingProtos
import SwiftProtobuf
public import WireFormat

/// A text file with a `ModelServerConfig`.
public struct ModelConfigurationFile: Sendable {
    public let path: String

    public init(path: String) { self.path = path }

    /// What the file asks for; whether that can be served is not looked at.
    ///
    /// - Parameter report: as `ConfigurationFile.read`.
    /// - Throws: as `ConfigurationFile.read`.
    public func read(
        report: (TextFormatError) -> Void = ConfigurationFile.reportOnStandardError
    ) throws(ServingError) -> RequestedModels {
        RequestedModels(try ConfigurationFile.read(path, as: Tensorflow_Serving_ModelServerConfig.self, report: report))
    }

    /// Makes the file ask for `models`: in one step, so that no reader sees a part of it. Models that it asks for already
    /// stay as they stand there; comments do not.
    ///
    /// - Throws: what kept the file from being written; it is as it was then.
    func replace(with models: [ServerConfiguration.Model]) throws(ServingError) {
        // A file that somebody has broken meanwhile has nothing to keep.
        let earlier = try? ConfigurationFile.read(path, as: Tensorflow_Serving_ModelServerConfig.self) { _ in }
        let message = Tensorflow_Serving_ModelServerConfig(models, keeping: earlier ?? .init())
        try AtomicFile.replace(localPath, with: Array(message.textFormatString().utf8))
    }

    private var localPath: String { path.hasPrefix("file://") ? String(path.dropFirst("file://".count)) : path }
}

extension ModelConfigurationFile {
    /// Waits so many nanoseconds; returns early when its task is cancelled.
    typealias Pause = @Sendable (UInt64) async -> Void

    /// Reads and applies the file again and again, until the task is cancelled. What is wrong with it, or with what it asks
    /// for, is logged once, not at every reading; the models stay as they are then.
    func poll(everySeconds seconds: Int, pause: Pause, applying models: ModelConfiguration, logger: Logger) async {
        var logger = logger
        logger[metadataKey: "file"] = "\(path)"
        let (product, overflow) = UInt64(clamping: seconds).multipliedReportingOverflow(by: 1_000_000_000)
        var told: Complaint?
        while true {
            await pause(overflow ? .max : product)
            guard !Task.isCancelled, let reading = await onOwnThread(named: "config", { self.look() }) else { return }
            let complaint = await apply(reading, to: models)
            if let complaint, complaint != told { logger.error("\(complaint.text)", metadata: complaint.metadata) }
            told = complaint
        }
    }

    private struct Complaint: Hashable {
        var text: String
        var problems: [TextFormatError.Problem] = []

        var metadata: Logger.Metadata {
            problems.isEmpty ? [:] : ["problems": .array(problems.map { .string("\($0)") })]
        }
    }

    private func look() -> Result<RequestedModels, Unreadable> {
        var problems: [TextFormatError.Problem] = []
        do throws(ServingError) {
            return .success(try read { problems = $0.problems })
        } catch {
            return .failure(Unreadable(error: error, problems: problems))
        }
    }

    private struct Unreadable: Error {
        var error: ServingError
        var problems: [TextFormatError.Problem]
    }

    private func apply(
        _ reading: Result<RequestedModels, Unreadable>,
        to models: ModelConfiguration
    ) async -> Complaint? {
        switch reading {
        case .failure(let reason):
            return Complaint(
                text: "Failed to read ModelServerConfig file: \(reason.error.message)",
                problems: reason.problems
            )
        case .success(let requested):
            do throws(ServingError) {
                try await models.replace(with: requested)
                return nil
            } catch {
                return Complaint(text: "PollFilesystemAndReloadConfig failed to ReloadConfig: \(error.message)")
            }
        }
    }
}
