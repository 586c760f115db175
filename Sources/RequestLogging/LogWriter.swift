import ServingPrimitives

/// The thread that writes the records of a queue, so that nobody else ever waits for a disk.
struct LogWriter: Sendable {
    let queue: LogQueue

    /// Returns when the queue was closed and all of it is written.
    func run() {
        /// Those that may have a file open.
        var files: [ObjectIdentifier: RequestLogFile] = [:]
        while let entries = queue.take(until: Self.nextExpiry(of: files.values)) {
            write(entries, &files)
            for file in files.values { file.closeIfExpired() }
        }
        for file in files.values { file.close() }
        queue.end()
    }

    /// Runs of records for the same file are written together.
    private func write(_ entries: [LogQueue.Entry], _ files: inout [ObjectIdentifier: RequestLogFile]) {
        var pending: (file: RequestLogFile, records: [LogRecord])?
        func flush() {
            guard let batch = pending else { return }
            pending = nil
            batch.file.append(batch.records)
            if batch.file.isRetired { files[ObjectIdentifier(batch.file)] = nil }
            queue.release(byteCount: batch.records.reduce(0) { $0 + $1.byteCount })
        }
        for entry in entries {
            switch entry {
            case .record(let record, let file):
                if pending?.file !== file {
                    flush()
                    pending = (file, [])
                    files[ObjectIdentifier(file)] = file
                }
                pending?.records.append(record)
            case .retire(let file):
                flush()
                file.retire()
                files[ObjectIdentifier(file)] = nil
            }
        }
        flush()
    }

    private static func nextExpiry(of files: some Sequence<RequestLogFile>) -> MonotonicTime? {
        guard let seconds = files.compactMap(\.secondsToExpiry).min() else { return nil }
        return .now().advanced(byNanoseconds: UInt64(max(seconds, 1)) * 1_000_000_000)
    }
}
