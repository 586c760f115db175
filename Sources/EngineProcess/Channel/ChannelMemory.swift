import CEngineProcess
import ServingPrimitives

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Where the messages of one channel lie: requests in the first half of memory that two processes share, answers in the
/// second. Only what is written takes memory.
enum ChannelMemory {
    /// Bytes of each half. A request of gRPC has 2 GiB at most; addresses cost nothing.
    static let halfSize = 4 << 30

    /// - Returns: a descriptor.
    /// - Throws: `RESOURCE_EXHAUSTED` when the system refuses.
    static func make() throws(ServingError) -> Int32 {
        let descriptor = cengine_process_memory(2 * halfSize)
        guard descriptor >= 0 else { throw .ofSystem("Memory to share with an engine process cannot be had") }
        return descriptor
    }
}

/// One half of a channel's memory, mapped into this process for as long as anything refers to it.
final class MappedHalf: @unchecked Sendable {
    // Sendable: which thread may touch the memory is the channel's affair; tensors in it are only read.
    enum Half: Int { case requests, answers }

    let memory: UnsafeMutableRawBufferPointer

    init(_ half: Half, of descriptor: Int32) throws(ServingError) {
        let size = ChannelMemory.halfSize
        let start = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, half.rawValue * size)
        guard let start, start != MAP_FAILED else {
            throw .ofSystem("Memory shared with an engine process cannot be mapped")
        }
        memory = UnsafeMutableRawBufferPointer(start: start, count: size)
    }

    deinit { munmap(memory.baseAddress, memory.count) }

    /// Gives back the memory of a message of `count` bytes, where that is worth a call.
    func discard(_ count: Int) {
        guard count > Self.keptBytes else { return }
        _ = cengine_process_discard(memory.baseAddress, UInt(count))
    }

    /// The next message of this size finds its memory there.
    private static let keptBytes = 4 << 20

    /// Makes the first `count` bytes a copy that nobody else sees, at the same place: for tensors in them that an engine
    /// keeps beyond their run.
    func makePrivate(_ count: Int) throws(ServingError) {
        let page = sysconf(Int32(_SC_PAGESIZE))
        let size = (count + page - 1) / page * page
        guard cengine_process_make_private(memory.baseAddress, UInt(size)) == 0 else {
            throw .ofSystem("Inputs that the model keeps cannot be kept")
        }
    }
}

extension ServingError {
    /// `RESOURCE_EXHAUSTED`, with what the system said last.
    static func ofSystem(_ what: String) -> ServingError {
        ServingError(.resourceExhausted, "\(what): \(String(cString: strerror(errno)))")
    }
}
