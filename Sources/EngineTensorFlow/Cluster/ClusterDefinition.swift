import ModelSignatures
public import ServingPrimitives

/// The tasks of a TensorFlow cluster, by job: every one of them is told the same.
public struct ClusterDefinition: Sendable, Hashable {
    /// Addresses, `host:port`, in the order of their tasks.
    public private(set) var jobs: [String: [String]] = [:]

    /// - Parameter texts: `JOB=HOST:PORT,HOST:PORT`, each job once.
    /// - Throws: `INVALID_ARGUMENT`: which part is wrong and what was expected.
    public init(_ texts: [String]) throws(ServingError) {
        for text in texts {
            guard let separator = text.firstIndex(of: "=") else { throw Self.malformed(text) }
            let name = String(text[..<separator])
            let tasks = text[text.index(after: separator)...].split(separator: ",", omittingEmptySubsequences: false)
            guard Self.isName(name), tasks.allSatisfy({ Self.isAddress($0) }) else { throw Self.malformed(text) }
            guard jobs[name] == nil else { throw .invalidArgument("The cluster has the job \(name) twice") }
            guard Set(tasks).count == tasks.count else {
                throw .invalidArgument("The job \(name) of the cluster has an address twice")
            }
            jobs[name] = tasks.map { String($0) }
        }
    }

    /// As devices of a graph spell it.
    private static func isName(_ text: String) -> Bool {
        guard let first = text.utf8.first, (first | 0x20) &- 0x61 < 26 else { return false }
        return text.utf8.allSatisfy { ($0 | 0x20) &- 0x61 < 26 || $0 &- 0x30 < 10 || $0 == UInt8(ascii: "_") }
    }

    private static func isAddress(_ text: Substring) -> Bool {
        guard let colon = text.lastIndex(of: ":"), colon > text.startIndex,
            text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "/") }),
            let port = Int(text[text.index(after: colon)...])
        else { return false }
        return (1...65_535).contains(port)
    }

    private static func malformed(_ text: String) -> ServingError {
        .invalidArgument(
            "The cluster has \"\(text)\"; expected JOB=HOST:PORT,HOST:PORT like worker=10.0.0.1:2222,10.0.0.2:2222"
        )
    }

    /// The address of a task.
    ///
    /// - Throws: `INVALID_ARGUMENT` when there is none, with those there are.
    public func address(job: String, task: Int) throws(ServingError) -> String {
        guard let tasks = jobs[job] else {
            throw .invalidArgument(
                "The cluster has no job \(job); it has \(jobs.keys.sorted().joined(separator: ", "))"
            )
        }
        guard tasks.indices.contains(task) else {
            throw .invalidArgument("The job \(job) has no task \(task); it has tasks 0 to \(tasks.count - 1)")
        }
        return tasks[task]
    }

    /// A serialized `tensorflow.ServerDef`. Field numbers: tensorflow/core/protobuf/tensorflow_server.proto, cluster.proto.
    func serverDefinition(job: String, task: Int, config: [UInt8]) -> [UInt8] {
        var server = ProtobufWriter()
        server.message(1) { cluster in  // cluster
            for (name, tasks) in jobs.sorted(by: { $0.key < $1.key }) {
                cluster.message(1) { job in  // job
                    job.string(1, name)
                    for (index, address) in tasks.enumerated() {
                        job.message(2) {  // tasks
                            $0.integer(1, index)
                            $0.string(2, address)
                        }
                    }
                }
            }
        }
        server.string(2, job)  // job_name
        server.integer(3, task)  // task_index
        server.bytes(4, config)  // default_session_config
        server.string(5, "grpc")  // protocol
        return server.bytes
    }
}
