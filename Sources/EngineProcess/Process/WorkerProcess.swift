import CEngineProcess
import ServingPrimitives

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// One engine process while it lives, with the channels to it.
final class WorkerProcess: Sendable {
    let pid: pid_t
    let channels: ChannelPool
    let started: MonotonicTime
    /// Set when the process is gone; by `watch`, or by `endNow`.
    let end = BlockingResult<ProcessEnd, Never>()

    /// Starts this executable anew as an engine process: see `EngineWorker`. Then `watch` or `endNow` is to be called.
    ///
    /// - Parameters:
    ///   - name: what `ps` shows it as.
    ///   - channels: as many runs at most go on in it at the same time.
    /// - Throws: `RESOURCE_EXHAUSTED` when the system refuses the process or what it needs.
    init(name: String, channels count: Int) throws(ServingError) {
        var lines: [Line] = []
        defer { for line in lines { line.closeWorkersEnds() } }
        do throws(ServingError) {
            for _ in 0..<count { lines.append(try Line()) }
        } catch {
            for line in lines { line.ours.close() }
            throw error
        }
        channels = ChannelPool(try Self.channels(to: lines))
        pid = try Self.spawn(name, lines)
        started = .now()
    }

    /// Calls `onEnd` once, on a thread of its own, when the process has ended by whatever cause.
    ///
    /// - Throws: `RESOURCE_EXHAUSTED` when there is no thread; the process has ended then.
    func watch(_ onEnd: @escaping @Sendable (ProcessEnd) -> Void) throws(ServingError) {
        do throws(ServingError) {
            try startThreadIfPossible(named: "engine-watch") { onEnd(self.reap()) }
        } catch {
            endNow()
            throw error
        }
    }

    /// Ends a process that nobody watches, and waits until it is gone.
    @discardableResult
    func endNow() -> ProcessEnd {
        kill()
        return reap()
    }

    /// Ends a process that is watched. Its memory goes with it.
    func kill() { Glibc.kill(pid, SIGKILL) }

    private func reap() -> ProcessEnd {
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
        let result = ProcessEnd(status: status)
        end.set(.success(result))
        return result
    }

    /// Bytes of memory that the process has for itself; 0 when it is gone.
    var privateBytes: Int {
        guard let bytes = try? LocalFile.contents(of: "/proc/\(pid)/statm", limit: 4096) else { return 0 }
        // Pages: size, resident, of which shared, ...
        let fields = String(decoding: bytes, as: UTF8.self).split(separator: " ").compactMap { Int($0) }
        return fields.count > 2 ? (fields[1] - fields[2]) * sysconf(Int32(_SC_PAGESIZE)) : 0
    }

    /// One line before the process is there.
    private struct Line {
        let ours: ChannelSocket
        let theirs: ChannelSocket
        let memory: Int32

        init() throws(ServingError) {
            let memory = try ChannelMemory.make()
            guard let pair = ChannelSocket.pair() else {
                let error = ServingError.ofSystem("A line to an engine process cannot be opened")
                close(memory)
                throw error
            }
            self.memory = memory
            (ours, theirs) = pair
        }

        /// What the process has of its own then.
        func closeWorkersEnds() {
            theirs.close()
            close(memory)
        }
    }

    /// Our ends of all lines. If one cannot be mapped, none stays open.
    private static func channels(to lines: [Line]) throws(ServingError) -> [EngineChannel] {
        var channels: [EngineChannel] = []
        do throws(ServingError) {
            for line in lines { channels.append(try EngineChannel(line.ours, memory: line.memory)) }
        } catch {
            for line in lines[channels.count...] { line.ours.close() }
            throw error
        }
        return channels
    }

    /// The descriptors of line `i` are `EngineWorker.firstDescriptor + 2i` and one more in the new process; it has no other
    /// ones, so that no port of the server stays open in it.
    private static func spawn(_ name: String, _ lines: [Line]) throws(ServingError) -> pid_t {
        let first = EngineWorker.firstDescriptor
        let end = first + 2 * Int32(lines.count)
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO)
        // Above all places they are to be put at: none is overwritten before it is used.
        var copies: [Int32] = []
        defer { for copy in copies { close(copy) } }
        for (index, descriptor) in lines.flatMap({ [$0.theirs.descriptor, $0.memory] }).enumerated() {
            let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, end)
            guard copy >= 0 else { throw .ofSystem("An engine process cannot be given its lines") }
            copies.append(copy)
            posix_spawn_file_actions_adddup2(&actions, copy, first + Int32(index))
        }
        _ = cengine_process_close_from(&actions, end)
        return try spawn([name, EngineWorker.command, "\(lines.count)"], &actions)
    }

    private static func spawn(
        _ words: [String],
        _ actions: inout posix_spawn_file_actions_t
    ) throws(ServingError) -> pid_t {
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // Ctrl-C is for the server, which drains first: a group of its own. No signal is blocked that is here.
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK))
        var arguments = words.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var pid = pid_t()
        let status = posix_spawn(&pid, "/proc/self/exe", &actions, &attributes, &arguments, environ)
        guard status == 0 else {
            throw ServingError(
                .resourceExhausted,
                "The system refuses to start an engine process: \(String(cString: strerror(status)))"
            )
        }
        return pid
    }
}
