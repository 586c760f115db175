import EngineInterface
import NIOCore
import NIOPosix
import ServingPrimitives
import ServingProtos

/// `tensorflow.ProfilerService`.
extension GRPCCall {
    /// A profile this call waits for.
    struct Profile {
        let session: Profiler.Session
        let answer: ProfileAnswer
        let timer: Scheduled<Void>
    }

    /// Profile: runs are traced until the time is over, somebody ends it, or the client goes.
    func startProfile(_ message: ByteBuffer) {
        do throws(ServingError) {
            guard let profiler = services.profiler else { throw GRPCMethod.notFound(GRPCMethod.profile.rawValue) }
            let answer = try ProfileAnswer(try Tensorflow_ProfileRequest(reading: message))
            let session = try profiler.begin(id: answer.sessionID, maximumEvents: answer.maximumEvents) {
                [loop, self] in
                loop.post(.profileEnded, to: self)
            }
            let timer = loop.post(.profileEnded, to: self, afterNanoseconds: answer.nanoseconds)
            profile = Profile(session: session, answer: answer, timer: timer)
        } catch {
            fail(error)
        }
    }

    /// The time is over, or it was ended before.
    func endProfile() {
        guard let profile, let recording = services.profiler?.end(profile.session) else { return }
        services.decompressionThreads.submit { [loop, self] _ in
            let result = Result { () throws(ServingError) in try profile.answer.encoded(recording) }
            loop.post(.profiled(result), to: self)
        }
    }

    /// The call is over: a profile that is still taken ends without an answer.
    func dropProfile() {
        guard let profile else { return }
        profile.timer.cancel()
        _ = services.profiler?.end(profile.session)
        self.profile = nil
    }
}

extension Profiler {
    /// Terminate: has a profile answered before its time.
    static func terminate(_ message: ByteBuffer, _ profiler: Profiler?) throws(ServingError) -> [UInt8] {
        guard let profiler else { throw GRPCMethod.notFound(GRPCMethod.terminateProfile.rawValue) }
        profiler.terminate(try Tensorflow_TerminateRequest(reading: message).sessionID)
        return []
    }
}
