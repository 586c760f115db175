import Inference
import Servables
import ServingPrimitives
import ServingTestKit
import Testing

@testable import ServerConsole

@Suite struct PageTests {
    private func overview(_ name: String, _ versions: [VersionStatus]) -> ModelOverview {
        ModelOverview(name: name, versions: versions.map { .init(status: $0, since: 1_795_000_000_000) })
    }

    private func html(_ write: (inout HTMLText) -> Void) -> String {
        var html = HTMLText()
        write(&html)
        return String(decoding: html.bytes, as: UTF8.self)
    }

    @Test func `text is shown as it is, whatever is in it`() {
        #expect(html { $0.text("<b>\"&'\u{0}ü") } == "&lt;b&gt;&quot;&amp;&#39;\u{FFFD}ü")
    }

    @Test func `every version has its state and the reason of its failure`() {
        let error = ServingError.notFound("no <saved_model> in & there")
        let page = html {
            $0.write(
                [
                    overview("good", [.init(version: 1, state: .available)]),
                    overview("m", [.init(version: 3, state: .end, error: error), .init(version: 2, state: .start)]),
                ],
                hasControl: false
            )
        }
        #expect(page.contains(#"data-version="3" data-state="END"><span class="state bad">Failed</span>"#))
        #expect(page.contains("NOT_FOUND: no &lt;saved_model&gt; in &amp; there"))
        #expect(page.contains(#"data-version="2" data-state="START"><span class="state busy">Found</span>"#))
        #expect(page.contains(#"data-version="1" data-state="AVAILABLE"><span class="state good">Available</span>"#))
        #expect(page.contains(#"<th scope="row" rowspan="3">m</th>"#))
        #expect(page.firstRange(of: ">m</th>")!.lowerBound < page.firstRange(of: ">good</th>")!.lowerBound)
        #expect(!page.contains("<button"))
    }

    @Test func `buttons are there only where control is enabled`() {
        let models = [overview("a\"b", [.init(version: 1, state: .available)]), overview("c", [])]
        let page = html { $0.write(models, hasControl: true) }
        #expect(page.contains(#"data-action="unload" aria-label="unload a&quot;b">Unload</button>"#))
        #expect(page.contains(#"data-action="load" aria-label="load c">Load</button>"#))
    }

    @Test func `a model without a version says so, and no model at all, too`() {
        #expect(html { $0.write([overview("m", [])], hasControl: false) }.contains("Nothing found"))
        #expect(html { $0.write([], hasControl: false) }.contains("No model is configured"))
    }

    @Test func `of many unloaded versions the last are shown and the others counted`() {
        let versions = (1...9).reversed().map { VersionStatus(version: $0, state: $0 == 9 ? .available : .end) }
        let page = html { $0.write([overview("m", versions)], hasControl: false) }
        #expect(page.contains("6 earlier versions, unloaded"))
        #expect(page.contains("rowspan=\"4\""))
        #expect(!page.contains("data-version=\"6\""))
    }

    @Test(
        arguments: [
            (0, "1970-01-01T00:00:00Z"), (951_782_400_000, "2000-02-29T00:00:00Z"),
            (1_795_271_002_999, "2026-11-21T14:23:22Z"),
            (1_798_761_599_000, "2026-12-31T23:59:59Z"), (4_107_542_400_000, "2100-03-01T00:00:00Z"),
        ] as [(Int64, String)]
    )
    func `dates are those of the calendar`(milliseconds: Int64, text: String) {
        #expect(utcText(milliseconds) == text)
    }

    @Test func `the page has all of its parts, and its files are there`() {
        let manager = ServableManager(loaders: PuppetLoaders())
        let console = ServerConsole(
            facts: .init(version: "1.2", cores: 3),
            service: InferenceService(manager: manager),
            manager: manager,
            health: ServingHealth(requiredModels: ["<m>"], manager: manager),
            now: { 0 }
        )
        let page = String(decoding: console.page { _ in true }, as: UTF8.self)
        #expect(page.contains("Not ready: 1 model cannot answer"))
        #expect(page.contains("Version 1.2, 3 cores, started <time datetime=\"1970-01-01T00:00:00Z\">"))
        #expect(page.contains(#"data-model="&lt;m&gt;""#))
        #expect(!page.contains("{{"))
        let other = String(decoding: console.page { $0 != "<m>" }, as: UTF8.self)
        #expect(other.contains(">Not ready<"))
        #expect(!other.contains("&lt;m&gt;"), "who may not hear of a model does not")
        for name in ["console.js", "console.css", "icon.svg"] {
            #expect(page.contains("console/\(name)"))
            #expect(ConsoleFile.named(name)?.bytes.isEmpty == false)
        }
        #expect(ConsoleFile.named("../console.js") == nil)
    }

    @Test func `models of other servers are shown, with replicas that are not good first`() {
        let report = RemoteRoutesReport(
            routes: [
                .init(model: "a:ps_0", replicas: [.init(address: "10.0.0.1:8500", state: .good)]),
                .init(
                    model: "<b>",
                    replicas: [
                        .init(address: "10.0.0.2:8500", state: .tried),
                        .init(address: "10.0.0.3:8500", state: .leftAlone, ejections: 7),
                    ]
                ),
            ],
            trouble: .unavailable("no <server>")
        )
        let page = html { $0.write(report) }
        #expect(page.contains("UNAVAILABLE: no &lt;server&gt;"))
        #expect(page.contains(#"<td>10.0.0.3:8500</td><td><span class="state bad">Left alone</span></td>"#))
        #expect(page.contains(#"<td class="number">7</td>"#))
        #expect(page.contains(#"<th scope="row">&lt;b&gt;</th>"#))
        #expect(page.firstRange(of: "10.0.0.2")!.lowerBound < page.firstRange(of: "10.0.0.1")!.lowerBound)
    }

    @Test func `of many replicas the first are shown and the others counted`() {
        let replicas = (0..<250).map { RemoteRoutesReport.Replica(address: "10.0.0.1:\($0 + 1)", state: .good) }
        let page = html { $0.write(RemoteRoutesReport(routes: [.init(model: "m", replicas: replicas)])) }
        #expect(page.contains("10.0.0.1:200<"))
        #expect(!page.contains("10.0.0.1:201<"))
        #expect(page.contains("50 more"))
    }

    @Test func `changes of states are remembered with their time, the last hundred of them`() {
        var events = ModelEvents()
        for index in 0..<150 {
            let id = ServableID(name: "m", version: Int64(index % 2))
            events.add(id, VersionStatus(version: id.version, state: .loading), date: Int64(index))
        }
        #expect(events.last.map(\.date) == Array(50..<150))
        #expect(events.count == 150)
        #expect(events.date(of: ServableID(name: "m", version: 0)) == 148)
        #expect(events.date(of: ServableID(name: "n", version: 0)) == nil)
    }
}
