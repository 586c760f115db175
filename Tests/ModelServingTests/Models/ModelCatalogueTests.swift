import ServingConfig
import ServingPrimitives
import Testing

@testable import ModelServing

@Suite struct ModelCatalogueTests {
    @Test func `a model is what was configured last, with what the call says`() throws {
        var catalogue = ModelCatalogue()
        var known = ServerConfiguration.Model(name: "m", basePath: "/m")
        known.versionLabels = ["stable": 1]
        catalogue.remember([known])
        let model = try catalogue.model("m", ModelSettings(versionPolicy: .all), isInRepository: false)
        #expect(model.basePath == "/m" && model.versionLabels == ["stable": 1] && model.versionPolicy == .all)
    }

    @Test func `a folder of the repository is a model`() throws {
        let catalogue = ModelCatalogue(repository: "/models")
        #expect(try catalogue.model("m", ModelSettings(), isInRepository: true).basePath == "/models/m")
    }

    @Test(arguments: ["", ".", "..", ".hidden", "a/b", "/etc", "a\0b"])
    func `no name leads out of the repository`(name: String) {
        #expect(ModelCatalogue(repository: "/models").folder(of: name) == nil)
    }

    @Test(arguments: [
        ("/models/a", true), ("file:///models/a/b", true), ("/models", false), ("/models/../etc", false),
        ("/modelsx/a", false), ("relative", false), ("gs://models/a", false), ("/etc", false),
    ])
    func `with a repository a call names no base path outside of it`(path: String, isAllowed: Bool) {
        let catalogue = ModelCatalogue(repository: "/models")
        let settings = ModelSettings(basePath: path)
        let result = Result { () throws(ServingError) in
            try catalogue.model("m", settings, isInRepository: false)
        }
        switch result {
        case .success: #expect(isAllowed)
        case .failure(let error): #expect(!isAllowed && error.code == .permissionDenied)
        }
    }

    @Test func `a configured model may stay where it is, outside of the repository`() throws {
        var catalogue = ModelCatalogue(repository: "/models")
        catalogue.remember([.init(name: "m", basePath: "/elsewhere/m")])
        let model = try catalogue.model("m", ModelSettings(basePath: "/elsewhere/m"), isInRepository: false)
        #expect(model.basePath == "/elsewhere/m")
    }

    @Test func `what nobody has named is not found`() {
        let error = #expect(throws: ServingError.self) {
            try ModelCatalogue(repository: "/models").model("m", ModelSettings(), isInRepository: false)
        }
        #expect(error?.code == .notFound)
    }

    @Test func `made up names do not grow it without end`() {
        var catalogue = ModelCatalogue()
        for round in 0..<5 {
            catalogue.remember((0..<9000).map { .init(name: "m\(round)-\($0)", basePath: "/m") })
        }
        #expect(catalogue.names.count <= 20_000)
        #expect(catalogue.knows("m4-0"))
    }
}
