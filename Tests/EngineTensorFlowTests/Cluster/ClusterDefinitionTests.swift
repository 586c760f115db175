import ServingPrimitives
import Testing

@testable import EngineTensorFlow

@Suite struct ClusterDefinitionTests {
    @Test func `jobs and tasks are read in order`() throws {
        let cluster = try ClusterDefinition(["worker=a:1,b:2", "ps=[::1]:3"])
        #expect(cluster.jobs == ["worker": ["a:1", "b:2"], "ps": ["[::1]:3"]])
        #expect(try cluster.address(job: "worker", task: 1) == "b:2")
    }

    @Test(arguments: [
        (["worker"], "expected JOB=HOST:PORT,HOST:PORT"), ([""], "expected JOB"), (["=h:1"], "expected JOB"),
        (["w="], "expected JOB"), (["w=h"], "expected JOB"), (["w=h:0"], "expected JOB"),
        (["w=h:65536"], "expected JOB"), (["w=:1"], "expected JOB"), (["w=h:1,"], "expected JOB"),
        (["w=h:1 "], "expected JOB"), (["w=grpc://h:1"], "expected JOB"), (["1w=h:1"], "expected JOB"),
        (["w/x=h:1"], "expected JOB"), (["w=h:1,h:1"], "The job w of the cluster has an address twice"),
        (["w=h:1", "w=h:2"], "The cluster has the job w twice"),
    ])
    func `what is no cluster is refused`(texts: [String], message: String) {
        let error = #expect(throws: ServingError.self) { try ClusterDefinition(texts) }
        #expect(error?.code == .invalidArgument)
        #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
    }

    @Test(arguments: [
        ("ps", 0, "The cluster has no job ps; it has chief, worker"),
        ("worker", 2, "The job worker has no task 2; it has tasks 0 to 1"),
        ("worker", -1, "The job worker has no task -1; it has tasks 0 to 1"),
    ])
    func `a task that is not there is refused with those that are`(job: String, task: Int, message: String) throws {
        let cluster = try ClusterDefinition(["worker=a:1,b:2", "chief=c:3"])
        #expect(throws: ServingError.invalidArgument(message)) { try cluster.address(job: job, task: task) }
    }

    @Test func `a server is described as TensorFlow reads it`() throws {
        let cluster = try ClusterDefinition(["w=a:1,b:2"])
        // cluster { job { name: "w" tasks { 0: "a:1" } tasks { 1: "b:2" } } } job_name: "w" task_index: 1
        // default_session_config { 7 } protocol: "grpc"
        let expected: [UInt8] = [
            0x0A, 23, 0x0A, 21, 0x0A, 1, 0x77, 0x12, 7, 8, 0, 0x12, 3, 0x61, 0x3A, 0x31, 0x12, 7, 8, 1, 0x12, 3, 0x62,
            0x3A, 0x32, 0x12, 1, 0x77, 0x18, 1, 0x22, 2, 16, 7, 0x2A, 4, 0x67, 0x72, 0x70, 0x63,
        ]
        #expect(cluster.serverDefinition(job: "w", task: 1, config: [16, 7]) == expected)
    }

    @Test func `addresses of IPv6 are in brackets`() {
        #expect(ClusterTarget(host: "::1", port: 2, timeoutMilliseconds: 1).url == "grpc://[::1]:2")
        #expect(ClusterTarget(host: "h", port: 2, timeoutMilliseconds: 1).url == "grpc://h:2")
    }
}
