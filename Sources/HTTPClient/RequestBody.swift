/// Bytes that stay where they are and are the same for as long as anybody sends them.
public final class RequestBody: @unchecked Sendable {
    // Sendable: nothing is written after `init`.

    package let bytes: UnsafeRawBufferPointer

    /// - Parameter write: fills all of the memory, which is uninitialised.
    package init<E: Error>(
        byteCount: Int,
        _ write: (UnsafeMutableRawBufferPointer) throws(E) -> Void
    ) throws(E) {
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: max(1, byteCount), alignment: 64)
        do throws(E) {
            try write(UnsafeMutableRawBufferPointer(rebasing: memory[..<byteCount]))
        } catch {
            memory.deallocate()
            throw error
        }
        bytes = UnsafeRawBufferPointer(rebasing: memory[..<byteCount])
    }

    deinit { UnsafeMutableRawBufferPointer(mutating: bytes).deallocate() }
}
