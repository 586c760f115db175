import CTensorFlow

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Holds back what the process writes to standard error, for the time of a call that cannot be told to be quiet.
///
/// Lines of others (this process's own log) come out afterwards, so none is lost.
struct StandardErrorCapture: ~Copyable {
    private let original: Int32
    private let memory: Int32

    /// `nil` when the system has no descriptors left; then nothing is held back.
    init?() {
        let original = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0)
        guard original >= 0 else { return nil }
        let memory = ctf_memory_file()
        guard memory >= 0, dup2(memory, STDERR_FILENO) >= 0 else {
            close(original)
            if memory >= 0 { close(memory) }
            return nil
        }
        self.original = original
        self.memory = memory
    }

    /// Puts standard error back and writes the held lines for which `isWanted` says so.
    consuming func end(keeping isWanted: (Substring) -> Bool) {
        dup2(original, STDERR_FILENO)
        close(original)
        let held = String(decoding: contents(), as: UTF8.self)
        close(memory)
        for line in held.split(separator: "\n") where isWanted(line) {
            var line = line + "\n"
            _ = line.withUTF8 { write(STDERR_FILENO, $0.baseAddress, $0.count) }
        }
    }

    private borrowing func contents() -> [UInt8] {
        let size = max(0, Int(lseek(memory, 0, SEEK_END)))
        return [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            count = max(0, pread(memory, buffer.baseAddress, size, 0))
        }
    }
}
