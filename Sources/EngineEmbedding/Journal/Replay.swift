import ServingPrimitives

/// What a replay has found.
struct Replay {
    var pushes = 0
    var rows = 0
    /// Rows that did not fit into their tables.
    var refused = 0
    var lastTime: UInt32 = 0
    var damages: [String] = []

    /// Applies what a file has behind what was read of it before.
    ///
    /// - Parameter done: for each file's number the bytes that were read.
    mutating func read(
        _ file: JournalFile,
        from done: inout [UInt64: Int],
        into member: JournalMember
    ) throws(ServingError) {
        let start = done[file.number] ?? 0
        guard file.byteCount > start, let memory = try file.mapped() else { return }
        let scan = try file.scan(memory)
        // Damage was told of with the first part.
        if start == 0 { damages += scan.damageTexts(of: file.path) }
        for range in scan.pushes where range.lowerBound >= start {
            guard let push = PushRecord(UnsafeRawBufferPointer(rebasing: memory.bytes[range])) else { continue }
            pushes += 1
            rows += push.count
            lastTime = max(lastTime, push.receiveTime)
            refused += try member.replay(push)
        }
        done[file.number] = file.byteCount
    }
}

extension JournalFile {
    /// - Throws: `FAILED_PRECONDITION` for a file of another format.
    func scan(_ memory: MappedMemory) throws(ServingError) -> JournalScan {
        let scan = JournalScan(memory.bytes)
        guard scan.isOfThisFormat else {
            throw .failedPrecondition(
                "\(path) is no journal of pushes that this server can read; move it away to go on without its pushes"
            )
        }
        return scan
    }
}

extension JournalScan {
    /// What is damaged, where, and what was kept.
    func damageTexts(of path: String) -> [String] {
        var texts = damages.map {
            "The journal \(path) is damaged: record \($0.record) (at byte \($0.bytes.lowerBound), \($0.bytes.count) bytes) cannot "
                + "be read; the \(pushes.count) whole pushes before and behind it are kept"
        }
        if end < byteCount {
            texts.append(
                "The journal \(path) is damaged: what is behind byte \(end) cannot be read; the \(pushes.count) whole pushes "
                    + "before it are kept"
            )
        }
        return texts
    }
}
