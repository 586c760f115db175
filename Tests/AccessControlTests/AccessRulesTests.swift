import AccessExercises
import Logging
import ServingPrimitives
import Testing

@testable import AccessControl

@Suite struct AccessRulesTests {
    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
    ])
    func `SHA-256 gives what the standard's examples give`(text: String, digest: String) {
        #expect(SHA256Digest(of: text.utf8) == SHA256Digest(hexadecimal: digest))
    }

    @Test func `SHA-256 of a million bytes, and of every length around a block`() {
        let million = [UInt8](repeating: UInt8(ascii: "a"), count: 1_000_000)
        let expected = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
        #expect(SHA256Digest(of: million) == SHA256Digest(hexadecimal: expected))
        let digests = (0..<200).map { SHA256Digest(of: million.prefix($0)) }
        for (index, digest) in digests.enumerated() {
            #expect(!digests[..<index].contains(digest))
        }
    }

    private static let file = """
        # the test's keys
        web   sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  predict,metadata  resnet,bert-*
        ops   operator-key-123  *   # all of it

        anonymous - status
        """

    @Test func `a key is known as itself and by its digest`() throws {
        let rules = try AccessRules(Array(Self.file.utf8))
        #expect(rules.caller(presenting: "abc".utf8)?.name == "web")
        #expect(rules.caller(presenting: "operator-key-123".utf8)?.name == "ops")
        #expect(rules.caller(presenting: "operator-key-124".utf8) == nil)
        #expect(rules.caller(presenting: "".utf8) == nil)
        #expect(rules.anonymous?.verbs == [.status])
        #expect(try AccessRules([]).anonymous == nil)
    }

    static let cases: [(key: String?, verb: AccessVerb, model: String?, allowed: Bool)] = [
        ("abc", .predict, "resnet", true), ("abc", .predict, "bert-large", true), ("abc", .predict, "bert", false),
        ("abc", .predict, "other", false), ("abc", .predict, nil, true), ("abc", .status, "resnet", false),
        ("abc", .control, nil, false), ("operator-key-123", .control, "any", true),
        ("operator-key-123", .debug, nil, true), (nil, .status, "any", true), (nil, .predict, "resnet", false),
    ]

    @Test(arguments: cases)
    func `each may do what its line says`(key: String?, verb: AccessVerb, model: String?, allowed: Bool) throws {
        let access = try access()
        let result = Result { () throws(ServingError) in
            try access.admit(verb, model: model, key: key.map { Array($0.utf8) }, peer: "")
        }
        switch result {
        case .success: #expect(allowed)
        case .failure(let error): #expect(!allowed && error.code == .permissionDenied)
        }
    }

    @Test func `who has no key, or an unknown one, is not known`() throws {
        let access = PortAccess(gate: try gate("ops operator-key-123 *"))
        for key in [nil, "wrong"] {
            let error = #expect(throws: ServingError.self) {
                _ = try access.admit(.predict, key: key.map { Array($0.utf8) }, peer: "")
            }
            #expect(error?.code == .unauthenticated)
            #expect(error?.message.contains("wrong") == false)
        }
    }

    @Test func `the model that is learnt later is checked, and whether all are meant`() throws {
        let access = try access()
        let caller = try access.admit(.predict, key: Array("abc".utf8), peer: "")
        try access.check(caller, .predict, model: "resnet", peer: "")
        #expect(throws: ServingError.self) { try access.check(caller, .predict, model: "other", peer: "") }
        #expect(throws: ServingError.self) { try access.checkReachesAllModels(caller, .predict, peer: "") }
        let operatorCaller = try access.admit(.control, key: Array("operator-key-123".utf8), peer: "")
        try access.checkReachesAllModels(operatorCaller, .control, peer: "")
    }

    @Test func `who has no right to a model does not hear of it`() throws {
        let rules = try AccessRules(Array(Self.file.utf8))
        let web = ModelVisibility(of: rules.caller(presenting: "abc".utf8))
        #expect(web.shows("resnet") && web.shows("bert-large") && !web.shows("other") && !web.shows("") && !web.isAll)
        let ops = ModelVisibility(of: rules.caller(presenting: "operator-key-123".utf8))
        #expect(ops.isAll && ops.shows("other") && ops == .all)
        #expect(ModelVisibility(of: nil) == .all)
        #expect(!ModelVisibility.none.shows("resnet") && !ModelVisibility.none.isAll)
    }

    @Test func `the name of a key is known for the log, the key is not`() throws {
        let access = try access()
        #expect(access.callerName(presenting: "operator-key-123".utf8) == "ops")
        #expect(access.callerName(presenting: "nobody's".utf8) == nil)
        #expect(access.callerName(presenting: nil as [UInt8]?) == "anonymous")
        #expect(PortAccess().callerName(presenting: "operator-key-123".utf8) == nil)
    }

    @Test func `a port that serves no operators has no control, metrics and debug for anybody`() throws {
        let access = PortAccess(gate: nil, servesOperators: false)
        #expect(!access.isOpen && PortAccess().isOpen)
        for verb in [AccessVerb.control, .metrics, .debug] {
            let error = #expect(throws: ServingError.self) {
                _ = try access.admit(verb, key: nil as [UInt8]?, peer: "")
            }
            #expect(error?.code == .permissionDenied)
        }
        #expect(try access.admit(.predict, key: nil as [UInt8]?, peer: "") == nil)
    }

    @Test func `new rules hold at once`() throws {
        let gate = try gate("ops operator-key-123 *")
        gate.use(try AccessRules(Array("other another-key-1234 *".utf8)))
        #expect(throws: ServingError.self) { try gate.caller(presenting: Array("operator-key-123".utf8)) }
        #expect(try gate.caller(presenting: Array("another-key-1234".utf8)).name == "other")
    }

    @Test(arguments: [
        ("web", "line 1: 1 fields"), ("web secret-secret-secret", "2 fields"),
        ("web short predict", "16 to 512 printable"), ("web sha256:12 predict", "64 hexadecimal digits"),
        ("web secret-secret-secret fly", "unknown verb"), ("web secret-secret-secret predict,", "unknown verb"),
        ("web secret-secret-secret predict a*b", "only the end may be a *"),
        ("w/b secret-secret-secret predict", "the name is not"),
        ("anonymous secret-secret-secret predict", "anonymous callers have no key"),
        ("a secret-secret-secret *\na secret-secret-secres *", "line 2: the name a comes twice"),
        ("a secret-secret-secret *\nb secret-secret-secret *", "line 2: the key of b is another one's, too"),
    ])
    func `what is wrong is told by line, without a secret`(text: String, problem: String) {
        let error = #expect(throws: ServingError.self) { try AccessRules(Array(text.utf8)) }
        #expect(error?.message.contains(problem) == true)
        #expect(error?.message.contains("secret-secret") == false)
    }

    @Test func `of many problems some are told and the others counted, and the number of keys is bounded`() {
        let many = (0..<1005).map { "k\($0) a-long-enough-key-\($0) *" }.joined(separator: "\n")
        let error = #expect(throws: ServingError.self) { try AccessRules(Array(many.utf8)) }
        #expect(error?.message.contains("line 1001: more than 1000 keys") == true)
        let wrong = String(repeating: "x\n", count: 100)
        let other = #expect(throws: ServingError.self) { try AccessRules(Array(wrong.utf8)) }
        #expect(other?.message.hasSuffix("and 80 more") == true)
    }

    @Test(arguments: [
        ("Bearer abc", "abc"), ("bearer  abc", "abc"), ("BEARER a b", "a b"), ("Basic abc", nil), ("Bearer", nil),
        ("Bearer ", nil), ("", nil),
    ])
    func `the token is behind the scheme`(value: String, token: String?) {
        #expect(BearerToken.find(in: Array(value.utf8)).map { String(decoding: $0, as: UTF8.self) } == token)
    }

    @Test(arguments: ["good", "bad", "key-in-a-name"]) func `the corpus is read as it should be`(name: String) throws {
        let folder = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let path = "/\(folder)/FuzzTesting/Corpus/fuzz-api-keys/\(name)"
        #expect(APIKeysExercise.fault(in: try LocalFile.contents(of: path, limit: 1 << 20)) == nil)
    }

    private func gate(_ text: String) throws -> AccessGate {
        AccessGate(
            rules: try AccessRules(Array(text.utf8)),
            logger: Logger(label: "t") { _ in SwiftLogNoOpLogHandler() }
        )
    }

    private func access() throws -> PortAccess { PortAccess(gate: try gate(Self.file)) }
}
