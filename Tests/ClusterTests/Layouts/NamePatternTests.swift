import Cluster
import Testing

@Suite struct NamePatternTests {
    @Test(
        arguments: [
            ("entry", "entry", [:]), ("entry", "entry_1", nil), ("ps_{i}", "ps_12", ["i": 12]), ("ps_{i}", "ps_", nil),
            ("ps_{i}", "ps_1x", nil), ("{a}_{b}", "10_20", ["a": 10, "b": 20]), ("{a}{b}", "123", ["a": 12, "b": 3]),
            ("(entry|ps_{i})", "ps_3", ["i": 3]), ("(entry|ps_{i})", "entry", [:]),
            ("(?:ps|dense)_{i}", "dense_0", ["i": 0]),
            ("(?P<i>[0-9])x", "7x", ["i": 7]), ("(?P<i>a)", "a", nil), (".*", "anything", [:]), (".+", "", nil),
            ("a?b*c+", "bbc", [:]), ("a?b*c+", "ab", nil), ("[a-c]+", "abc", [:]), ("[^a-c]+", "xyz", [:]),
            ("[^a-c]+", "xaz", nil), ("\\d+\\.\\w", "12.x", [:]), ("\\D", "1", nil), ("^entry$", "entry", [:]),
            ("a^b", "ab", nil), ("(a*)*b", "aaab", [:]), ("(a|a)*c", "aaaaaaaab", nil), ("ps}", "ps}", [:]),
            ("[a-]+", "a-", [:]), ("{i}.*", "123", ["i": 123]), (".*?{i}", "123", ["i": 123]),
            (".*{i}", "123", ["i": 3]),
            ("ps_{i}", "ps_99999999999999999999", nil), ("ps_{i}", "ps_007", ["i": 7]), ("", "", [:]),
            ("é.", "éü", [:]),
            ("a||b", "", [:]), ("ps_{i}", "PS_1", nil), ("[\\d_]+", "1_2", [:]),
        ] as [(String, String, [String: Int64]?)]
    )
    func `names match patterns`(_ pattern: String, _ name: String, _ numbers: [String: Int64]?) throws {
        #expect(try NamePattern(pattern).match(name) == numbers)
    }

    @Test(
        arguments: [
            ("entry", "entry_item_embedding_0", [:]), ("ps_{i}", "ps_12_x", ["i": 12]), ("ps_{i}", "xps_1", nil),
            ("entry$", "entry_1", nil), ("(a|ab)", "abc", [:]), ("", "x", [:]), ("a{i}?", "ab", nil),
        ] as [(String, String, [String: Int64]?)]
    )
    func `beginnings of names match where that is wanted`(
        _ pattern: String,
        _ name: String,
        _ numbers: [String: Int64]?
    ) throws {
        let found = try NamePattern(pattern).match(name, .beginning)
        // A group that repeats no time at all has no number.
        #expect(found == (pattern == "a{i}?" ? [:] : numbers))
    }

    @Test(
        arguments: [
            ("(a", "a \"(\" in it is not closed"), ("a)", "a \")\" in it closes nothing"),
            ("*a", "a \"*\" in it repeats nothing"), ("a**", "a \"*\" in it repeats nothing"),
            ("[]", "a \"[\" in it is not closed"), ("[a", "a \"[\" in it is not closed"), ("a\\", "it ends too early"),
            ("\\b", "\"\\b\" is not known in it"),
            ("(?=a)", "of groups with \"(?\" only (?: and (?P<name> are known"),
            ("ps_{i", "a group is {name}, with letters, digits and _, not first a digit"),
            ("ps_{2}", "a group is {name}, with letters, digits and _, not first a digit"),
            ("{}", "a group is {name}, with letters, digits and _, not first a digit"),
            ("{i}_{i}", "the name i comes twice in it"), ("[z-a]", "z-a is no range of characters"),
            ("[\\D]", "\\D, \\W and \\S do not go in brackets"),
        ]
    )
    func `what is no pattern is refused`(_ pattern: String, _ reason: String) {
        let fault = #expect(throws: ExpressionFault.self) { try NamePattern(pattern) }
        #expect(fault?.reason == reason)
    }

    @Test func `patterns are bounded`() {
        #expect(throws: ExpressionFault.self) { try NamePattern(String(repeating: "a", count: 201)) }
        #expect(throws: ExpressionFault.self) { try NamePattern(String(repeating: "(", count: 30)) }
    }

    @Test func `a pattern that takes other engines for ever is quick`() throws {
        let name = String(repeating: "a", count: 250) + "b"
        #expect(try NamePattern("((a+)+)+").match(name) == nil)
        #expect(try NamePattern("(a?a?a?)*(a|aa)*c").match(name) == nil)
    }
}
