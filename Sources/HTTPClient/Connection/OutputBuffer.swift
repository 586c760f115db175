import Glibc

/// Bytes on their way to a socket: small ones are copied in one after the other, large ones (bodies, which stay where
/// they are during a run) only referred to.
package struct OutputBuffer: ~Copyable {
    private struct External {
        /// Before which of the copied bytes it goes.
        var position: Int
        var bytes: UnsafeRawBufferPointer
    }

    /// Bodies of fewer bytes are copied: that costs less than one more part of a `writev`.
    static let copiedByteCount = 4096
    private static let partLimit = 64

    private var memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 4096, alignment: 16)
    private var start = 0
    private var end = 0
    private var externals: [External] = []
    private var firstExternal = 0
    /// Bytes that the socket took so far.
    package private(set) var written: UInt64 = 0

    deinit { memory.deallocate() }

    package var isEmpty: Bool { start == end && firstExternal == externals.count }

    mutating func removeAll() {
        start = 0
        end = 0
        externals.removeAll(keepingCapacity: true)
        firstExternal = 0
    }

    /// Memory for `count` more bytes, which count as written.
    @inline(__always)
    mutating func append(count: Int) -> UnsafeMutableRawPointer {
        if memory.count - end < count { makeRoom(count) }
        defer { end += count }
        // The memory was allocated with more than no bytes: it has an address.
        return memory.baseAddress.unsafelyUnwrapped + end
    }

    @inline(__always)
    mutating func append(_ bytes: UnsafeRawBufferPointer) {
        guard let source = bytes.baseAddress, bytes.count > 0 else { return }
        append(count: bytes.count).copyMemory(from: source, byteCount: bytes.count)
    }

    /// Bytes that stay unchanged until they are written.
    @inline(__always)
    mutating func append(staying bytes: UnsafeRawBufferPointer) {
        if bytes.count < Self.copiedByteCount { return append(bytes) }
        externals.append(External(position: end, bytes: bytes))
    }

    private mutating func makeRoom(_ count: Int) {
        let used = end - start
        let larger = UnsafeMutableRawBufferPointer.allocate(
            byteCount: max(memory.count * 2, (used + count) * 2),
            alignment: 16
        )
        larger.copyMemory(from: UnsafeRawBufferPointer(rebasing: memory[start..<end]))
        memory.deallocate()
        memory = larger
        for index in externals.indices { externals[index].position -= start }
        start = 0
        end = used
    }

    /// Writes as much as the socket takes.
    ///
    /// - Returns: 0, or the `errno` that ended it (`EAGAIN` when the socket is full).
    package mutating func write(to descriptor: CInt) -> CInt {
        while !isEmpty {
            let written = externals.isEmpty ? sendCopied(descriptor) : sendParts(descriptor)
            if written < 0 {
                if errno == EINTR { continue }
                return errno
            }
            advance(written)
        }
        removeAll()
        return 0
    }

    private func sendCopied(_ descriptor: CInt) -> Int {
        send(descriptor, memory.baseAddress.unsafelyUnwrapped + start, end - start, CInt(MSG_NOSIGNAL))
    }

    private func sendParts(_ descriptor: CInt) -> Int {
        withUnsafeTemporaryAllocation(of: iovec.self, capacity: Self.partLimit) { parts in
            var count = 0
            var position = start
            var external = firstExternal
            while count < Self.partLimit {
                let stop = external < externals.count ? externals[external].position : end
                if position < stop {
                    parts[count] = iovec(
                        iov_base: memory.baseAddress.unsafelyUnwrapped + position,
                        iov_len: stop - position
                    )
                    position = stop
                } else if external < externals.count {
                    let bytes = externals[external].bytes
                    parts[count] = iovec(
                        iov_base: UnsafeMutableRawPointer(mutating: bytes.baseAddress),
                        iov_len: bytes.count
                    )
                    external += 1
                } else {
                    break
                }
                count += 1
            }
            // A peer that is gone gives EPIPE: the process ignores SIGPIPE during a run.
            return writev(descriptor, parts.baseAddress, CInt(count))
        }
    }

    private mutating func advance(_ written: Int) {
        self.written &+= UInt64(written)
        var rest = written
        while rest > 0 {
            let stop = firstExternal < externals.count ? externals[firstExternal].position : end
            if start < stop {
                let step = min(rest, stop - start)
                start += step
                rest -= step
            } else {
                let bytes = externals[firstExternal].bytes
                let step = min(rest, bytes.count)
                externals[firstExternal].bytes = UnsafeRawBufferPointer(rebasing: bytes[step...])
                rest -= step
                if step == bytes.count { firstExternal += 1 }
            }
        }
    }
}
