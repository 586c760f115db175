import ServingPrimitives

/// One request for one part of one file, written where it belongs.
struct ChunkTransfer {
    enum Outcome {
        /// The part is on the disk.
        case whole(HTTPResponseHead)
        /// The server answers with the whole file.
        case noRanges(received: Int64)
        case failed(ServingError, isTransient: Bool, received: Int64)
    }

    var file: StoredFile
    var chunk: ChunkPlan.Chunk
    var journal: FetchJournal
    /// Bytes of a file of unknown length.
    var limit: Int64

    /// - Parameters:
    ///   - isCancelled: asked again and again.
    ///   - received: told of bytes as they come.
    /// - Throws: what the disk says.
    func run(
        _ store: any ObjectStore,
        _ connection: HTTPConnection,
        isCancelled: @escaping () -> Bool,
        received: @escaping (Int64) -> Void
    ) throws(ServingError) -> Outcome {
        let target = try OpenFile(journal.dataPath)
        if let size = file.size, LocalFiles.size(of: journal.dataPath) != size { try target.setSize(size) }
        var request: HTTPRequest
        do throws(ServingError) {
            request = try store.request(for: file, connection)
        } catch {
            return .failed(error, isTransient: error.code == .unavailable, received: 0)
        }
        request.range = isWholeFile ? nil : chunk.range
        let start = chunk.range?.lowerBound ?? 0
        let wanted = chunk.range.map { Int64($0.count) } ?? file.size
        var writing = Writing()
        let result = Result { () throws(HTTPConnection.Failure) in
            try connection.perform(request, isCancelled: isCancelled) { head, part in
                if let problem = problem(of: head) {
                    writing.problem = problem
                    return false
                }
                guard writing.count + Int64(part.count) <= wanted ?? limit else {
                    writing.problem = .failed(.failedPrecondition("more bytes come than expected"), false)
                    return false
                }
                do throws(ServingError) {
                    try target.write(part, at: start + writing.count)
                } catch {
                    writing.error = error
                    return false
                }
                writing.count += Int64(part.count)
                received(Int64(part.count))
                return true
            }
        }
        if let error = writing.error { throw error }
        return try end(result, writing, wanted, target)
    }

    private struct Writing {
        enum Problem {
            case noRanges
            case failed(ServingError, Bool)
        }

        var count: Int64 = 0
        var problem: Problem?
        var error: ServingError?
    }

    private var isWholeFile: Bool {
        guard let range = chunk.range, let size = file.size else { return true }
        return Int64(range.count) == size
    }

    private func end(
        _ result: Result<HTTPResponseHead, HTTPConnection.Failure>,
        _ writing: Writing,
        _ wanted: Int64?,
        _ target: OpenFile
    ) throws(ServingError) -> Outcome {
        func failed(_ error: ServingError, _ isTransient: Bool) -> Outcome {
            .failed(error, isTransient: isTransient, received: writing.count)
        }
        let head: HTTPResponseHead
        switch result {
        case .failure(let failure): return failed(.unavailable(failure.message), failure.isTransient)
        case .success(let found): head = found
        }
        // An answer without a body was not looked at yet.
        switch writing.problem ?? problem(of: head) {
        case .noRanges: return .noRanges(received: writing.count)
        case .failed(let error, let isTransient): return failed(error, isTransient)
        case nil: break
        }
        if let wanted, writing.count != wanted {
            return failed(.unavailable("\(writing.count) bytes came; expected \(wanted)"), true)
        }
        if file.size == nil, chunk.range == nil { try target.setSize(writing.count) }
        try target.sync()
        try journal.mark(chunk.number)
        return .whole(head)
    }

    private func problem(of head: HTTPResponseHead) -> Writing.Problem? {
        switch head.status {
        case 200: return isWholeFile ? nil : .noRanges
        case 206:
            guard let found = head.contentRange?.range, found == chunk.range else {
                return .failed(.failedPrecondition("the store answers with another range than asked for"), false)
            }
            return nil
        default:
            let error = ServingError.refused(head, file.name)
            return .failed(error, error.code == .unavailable)
        }
    }
}
