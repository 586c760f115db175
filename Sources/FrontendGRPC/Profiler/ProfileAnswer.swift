import EngineInterface
// The type of a generated message's bytes.
import FoundationEssentials
import ServingPrimitives
import ServingProtos
import SwiftProtobuf
import WireFormat

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// What a Profile call asks for, checked, and what it is answered with.
struct ProfileAnswer {
    private static let traceViewer = "trace_viewer"
    private static let traceFile = "trace.json.gz"

    let sessionID: String
    let nanoseconds: UInt64
    let maximumEvents: Int
    /// `nil` when the profile goes into the answer.
    private let folder: ProfileFolder?
    private let wantsTrace: Bool

    /// - Throws: `INVALID_ARGUMENT` when the files may not go where they are to go, or the profile takes too long.
    init(_ request: Tensorflow_ProfileRequest) throws(ServingError) {
        sessionID = request.sessionID
        // TensorFlow's service looks at the options only; a client that gives none still means something.
        let milliseconds = request.hasOpts ? request.opts.durationMs : request.durationMs
        let limit = Profiler.maximumNanoseconds / 1_000_000
        guard milliseconds <= limit else {
            throw .invalidArgument("duration_ms is \(milliseconds); a profile takes at most \(limit) ms")
        }
        nanoseconds = milliseconds * 1_000_000
        let events = request.maxEvents == 0 ? UInt64(Profiler.maximumEvents) : request.maxEvents
        maximumEvents = Int(min(events, UInt64(Profiler.maximumEvents)))
        wantsTrace = request.tools.contains(Self.traceViewer)
        // Nowhere to write to: the profile would be lost, or lie in whatever folder the server was started in.
        if request.emitXspace || request.repositoryRoot.isEmpty {
            folder = nil
        } else {
            folder = try ProfileFolder(
                root: request.repositoryRoot,
                session: request.sessionID,
                host: request.hostName.isEmpty ? Self.hostName : request.hostName
            )
        }
    }

    /// Writes the files and makes the answer. Takes a while: not for an event loop.
    func encoded(_ recording: RunRecording) throws(ServingError) -> [UInt8] {
        let space = Tensorflow_Profiler_XSpace(recording, host: Self.hostName)
        var response = Tensorflow_ProfileResponse()
        response.emptyTrace = space.isEmptyTrace
        if let folder {
            try folder.write(try space.encoded(), as: "xplane.pb")
            try folder.write(try Gzip.compress(ChromeTrace.json(space)), as: Self.traceFile)
        } else {
            response.xspace = space
            if wantsTrace {
                var data = Tensorflow_ProfileToolData()
                data.name = Self.traceFile
                data.data = Data(try Gzip.compress(ChromeTrace.json(space)))
                response.toolData = [data]
            }
        }
        return try response.encoded()
    }

    private static var hostName: String {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
            // One byte less: a name that is cut off need not end with a zero.
            buffer.initialize(repeating: 0)
            // The buffer is not empty.
            gethostname(buffer.baseAddress!, buffer.count - 1)
            let bytes = buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
            return bytes.isEmpty ? "localhost" : String(decoding: bytes, as: UTF8.self)
        }
    }
}
