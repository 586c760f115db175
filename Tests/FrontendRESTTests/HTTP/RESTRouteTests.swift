import Servables
import Testing

@testable import FrontendREST

@Suite struct RESTRouteTests {
    @Test(
        arguments: [
            (.post, "/v1/models/m:predict", .predict("m", .latest)),
            (.post, "/v1/models/m/versions/12:predict", .predict("m", .specific(12))),
            (.post, "/v1/models/m/labels/stable:predict", .predict("m", .label("stable"))),
            (.post, "/V1/Models/m/VERSIONS/1:predict", .predict("m", .specific(1))),
            (.post, "/v1/models/a%2Fb%3ac%zz%+1:predict", .predict("a/b:c%zz%+1", .latest)),
            (.post, "/v1/models/m:classify", .classify("m", .latest)),
            (.post, "/v1/models/m/versions/2:regress", .regress("m", .specific(2))),
            (.post, "/v1/models/m:PREDICT", .malformed),
            (.post, "/v1/models/m:predict?x=1", .malformed),
            (.post, "/v1/models/m:predict/", .malformed),
            (.post, "/v1/models/m", .malformed),
            (.post, "/v1/models/m/metadata", .malformed),
            (.post, "/v1/models/:predict", .malformed),
            (.post, "/v1/models/m/versions/abc:predict", .malformed),
            (.post, "/v1/models/m/versions/1/labels/l:predict", .malformed),
            (.post, "/v1/models/m/versions/9223372036854775808:predict", .unusableVersion("9223372036854775808")),
            (.get, "/v1/models/m", .status("m", version: nil)),
            (.get, "/v1/models/m?x=1", .status("m?x=1", version: nil)),
            (.get, "/v1/models/m/versions/3", .status("m", version: 3)),
            (.get, "/v1/models/m/labels/l", .status("m", version: nil)),
            (.get, "/v1/models/m/metadata", .metadata("m", .latest)),
            (.get, "/v1/models/m/versions/3/Metadata", .metadata("m", .specific(3))),
            (.get, "/v1/models/m/labels/l/metadata", .metadata("m", .label("l"))),
            (.get, "/v1/models/metadata", .status("metadata", version: nil)),
            (.get, "/v1/models", .missingModelName),
            (.get, "/v1/models/versions/5", .missingModelName),
            (.get, "/v1/models/", .malformed),
            (.get, "/v1/models/m/", .malformed),
            (.get, "/v1/models/m:predict", .malformed),
            (.get, "/v1/models/m/versions/abc", .malformed),
            (.put, "/v1/models/m", .malformed),
            (.head, "/v1/models/m", .malformed),
            (.other("BREW"), "/v1/models/m", .malformed),
            (.get, "/v1/cluster", .cluster),
            (.options, "/v1/anything", .options),
            (.get, "/v1", .unknown),
            (.get, "/", .unknown),
            (.get, "/v2/health/live", .live),
            (.head, "/v2/health/ready?verbose", .ready),
            (.get, "/v2/models/m/ready", .modelReady("m", version: nil)),
            (.get, "/v2/models/m/versions/2/ready", .modelReady("m", version: 2)),
            (.get, "/v2/models/m", .unknown),
            (.post, "/v2/health/live", .unknown),
        ] as [(HTTP1Method, String, RESTRoute)]
    )
    func `a method and a target have one meaning`(_ method: HTTP1Method, _ target: String, _ expected: RESTRoute) {
        #expect(RESTRoute(method, Array(target.utf8)) == expected)
    }
}
