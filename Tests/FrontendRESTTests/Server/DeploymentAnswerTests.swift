import ServingConfig
import Testing

@testable import FrontendREST

@Suite struct DeploymentAnswerTests {
    private let report = DeploymentReport(
        source: "layout /z/layouts/l",
        served: ["a:entry", "b:ps_0"],
        aliases: ["entry": "a:entry", "ps_0": "b:ps_0"],
        warnings: ["one"],
        store: .init(
            name: "ZooKeeper h:1",
            isConnected: false,
            secondsInState: 1.23456,
            problem: "gone",
            ageSeconds: 2,
            isLayoutStale: true,
            registered: ["/z/a"]
        ),
        routes: [.init(name: "a:ps_1", addresses: ["h:1", "h:2"], isStale: true)]
    )

    @Test func `all of it is told`() {
        let text = String(decoding: DeploymentAnswer.json(report), as: UTF8.self).filter { !$0.isWhitespace }
        #expect(
            text
                == #"{"source":"layout/z/layouts/l","served":["a:entry","b:ps_0"],"aliases":{"entry":"a:entry","#
                + #""ps_0":"b:ps_0"},"warnings":["one"],"store":{"name":"ZooKeeperh:1","connected":false,"#
                + #""state_seconds":1.235,"known_age_seconds":2.0,"layout_stale":true,"problem":"gone","#
                + #""registered":["/z/a"]},"routes":[{"name":"a:ps_1","addresses":["h:1","h:2"],"stale":true}]}"#
        )
    }

    @Test func `a caller hears of its models only`() {
        let text = String(decoding: DeploymentAnswer.json(report) { $0.hasPrefix("b:") }, as: UTF8.self)
        #expect(!text.contains("a:") && text.contains("b:ps_0"))
    }
}
