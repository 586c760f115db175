import Glibc
import HTTP2Server

/// What an answer's header block says.
struct AnswerBlock {
    /// 0 in trailers.
    var status = 0
    var grpcStatus = -1
    var message: String?
}

/// Decodes the header blocks of answers, and knows those that came before by their bytes: as long as the dynamic table
/// does not change, the same bytes mean the same.
struct AnswerBlockCache {
    private static let slotCount = 8
    private static let byteLimit = 512

    private var known: [(bytes: [UInt8], meaning: AnswerBlock)] = []
    private var generation = -1
    private var nextSlot = 0

    mutating func meaning(
        of block: UnsafeRawBufferPointer,
        _ decoder: inout HPACKDecoder
    ) throws(ProtocolFault) -> AnswerBlock {
        if generation == decoder.generation {
            for index in known.indices where Self.areEqual(known[index].bytes, block) { return known[index].meaning }
        }
        let before = decoder.generation
        let meaning = try Self.decode(block, &decoder)
        // A block that changed the table means something else when it comes again.
        if decoder.generation == before { remember(block, meaning, generation: before) }
        return meaning
    }

    private static func areEqual(_ known: [UInt8], _ block: UnsafeRawBufferPointer) -> Bool {
        guard known.count == block.count, block.count > 0, let start = block.baseAddress else {
            return known.count == block.count
        }
        // Not empty, so it has an address.
        return known.withUnsafeBytes { memcmp($0.baseAddress.unsafelyUnwrapped, start, block.count) } == 0
    }

    private mutating func remember(_ block: UnsafeRawBufferPointer, _ meaning: AnswerBlock, generation: Int) {
        if self.generation != generation {
            known.removeAll(keepingCapacity: true)
            self.generation = generation
        }
        guard block.count <= Self.byteLimit else { return }
        if known.count < Self.slotCount {
            known.append((Array(block), meaning))
        } else {
            known[nextSlot] = (Array(block), meaning)
            nextSlot = (nextSlot + 1) % Self.slotCount
        }
    }

    private static func decode(
        _ block: UnsafeRawBufferPointer,
        _ decoder: inout HPACKDecoder
    ) throws(ProtocolFault) -> AnswerBlock {
        var meaning = AnswerBlock()
        do throws(HPACKError) {
            try decoder.decode(block) { field in
                switch field.name {
                case ":status": meaning.status = Int(field.value) ?? 0
                case "grpc-status": meaning.grpcStatus = Int(field.value).map { max(0, $0) } ?? 2
                case "grpc-message": meaning.message = String(field.value.prefix(500))
                default: break
                }
            }
        } catch {
            throw ProtocolFault(error.reason)
        }
        return meaning
    }
}
