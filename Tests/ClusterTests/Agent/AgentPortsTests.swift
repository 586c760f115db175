import Cluster
import Testing

@Suite struct AgentPortsTests {
    private static let none: [AgentConfiguration.DeployType: Int] = [:]

    @Test(
        arguments: [
            ("deploy_type unified", [2: 92, 3: 93, 4: 94], 93, 94, 92, none),
            ("deploy_type unified", [:], 0, 0, 0, none),
            (
                "deploy_type unified\ntfs_port_grpc 1\ntfs_port_http 2\nagent_port 3", [2: 92, 3: 93, 4: 94], 1, 2, 3,
                none
            ),
            ("deploy_type ps\ntfs_ps_port 5", [3: 93, 4: 94, 5: 95], 5, 94, 0, none),
            ("deploy_type ps", [3: 93, 5: 95], 93, 0, 0, none),
            ("deploy_type entry", [3: 93, 4: 94], 93, 94, 0, none),
            ("deploy_type dense\ndense_alone 1", [3: 93, 8: 98], 93, 0, 0, none),
            ("deploy_type mixed", [3: 93, 5: 95, 8: 98], 93, 0, 0, [.ps: 95]),
            ("deploy_type mixed\ndense_alone 1", [3: 93, 5: 95, 8: 98], 93, 0, 0, [.ps: 95, .dense: 98]),
            // What is the same port, or any, is no further one.
            ("deploy_type mixed\ntfs_ps_port 93\ntfs_dense_port 0\ndense_alone 1", [3: 93], 93, 0, 0, none),
        ] as [(String, [Int: Int], Int, Int, Int, [AgentConfiguration.DeployType: Int])]
    )
    func `ports are those of the configuration, else of the environment, else any`(
        _ text: String,
        _ environment: [Int: Int],
        _ grpc: Int,
        _ http: Int,
        _ agent: Int,
        _ further: [AgentConfiguration.DeployType: Int]
    ) throws {
        let version = text.contains("unified") ? "3" : "1"
        let configuration = try configuration("base_path /e\nagent_version \(version)\n\(text)").configuration
        var variables = AgentEnvironment()
        variables.ports = environment
        let ports = AgentPorts(configuration, variables)
        #expect((ports.grpc, ports.http, ports.agent) == (grpc, http, agent))
        #expect(ports.further == further)
    }
}
