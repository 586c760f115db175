import Cluster
import Testing

@Suite struct ExpressionTests {
    /// Values are those that Python 3 gives.
    @Test(
        arguments: [
            ("60 * 1000 * 1000", .integer(60_000_000)), ("1 + 2 * 3", .integer(7)), ("(1 + 2) * 3", .integer(9)),
            ("7 // 2", .integer(3)), ("-7 // 2", .integer(-4)), ("7 // -2", .integer(-4)), ("-7 % 3", .integer(2)),
            ("7 % -3", .integer(-2)), ("-7 % -3", .integer(-1)), ("7 / 2", .number(3.5)), ("4 / 2", .number(2)),
            ("2 - 3 - 4", .integer(-5)), ("24 // 4 // 2", .integer(3)), ("--3", .integer(3)), ("- 3 % 5", .integer(2)),
            ("+True", .integer(1)), ("True + True", .integer(2)), ("1e3", .number(1000)), (".5 + 1.", .number(1.5)),
            ("7.5 // 2", .number(3)), ("-7.5 % 2", .number(0.5)), ("0", .integer(0)), ("00", .integer(0)),
            ("True", .truth(true)), ("not 0", .truth(true)), ("not not 3", .truth(true)),
            ("1 and 2", .integer(2)), ("0 and 1 // 0", .integer(0)), ("3 or 1 // 0", .integer(3)),
            ("0 or False", .truth(false)), ("1 < 2 < 3", .truth(true)), ("1 < 3 < 2", .truth(false)),
            ("3 > 2 == 2", .truth(true)), ("1 == 1.0", .truth(true)), ("True == 1", .truth(true)),
            ("2 in [1, 2]", .truth(true)), ("2 not in (1, 2)", .truth(false)), ("2 in []", .truth(false)),
            ("2 in [1, 2,]", .truth(true)), ("1 in (1,)", .truth(true)), ("1 != 2 and not 1 >= 2", .truth(true)),
            ("1 or 0 and 0", .integer(1)), ("not 1 == 2", .truth(true)), ("1<=1", .truth(true)),
            ("9223372036854775807", .integer(.max)), ("-9223372036854775807 - 1", .integer(.min)),
            ("(-9223372036854775807 - 1) % -1", .integer(0)),
        ] as [(String, ExpressionValue)]
    )
    func `expressions have Python's values`(_ text: String, _ value: ExpressionValue) throws {
        #expect(try Expression(text).value() == value)
    }

    @Test(
        arguments: [
            ("i % 2 == 1", 3, true), ("i % 2 == 1", 4, false), ("i in [0, 2]", 2, true), ("i >= 1 and i < 3", 3, false),
            ("True", 0, true), ("i", 0, false), ("i // 4 == 1", 7, true), ("0 <= i < 2", 1, true),
        ]
    )
    func `conditions ask for numbers by name`(_ text: String, _ i: Int64, _ isTrue: Bool) throws {
        let expression = try Expression(text)
        #expect(expression.names.isSubset(of: ["i"]))
        #expect(try expression.value(["i": i]).isTrue == isTrue)
    }

    @Test(
        arguments: [
            ("", "it ends too early"), ("1 +", "it ends too early"), ("1 2", "\"2\" is not expected in it"),
            ("(1", "\")\" is expected in place of its end"), ("1 = 1", "\"=\" is not expected in it"),
            ("__import__('os')", "\"'\" is not expected in it"), ("i(1)", "\"(\" is not expected in it"),
            ("2 ** 3", "\"*\" is not expected in it"), ("010", "the number 010 begins with 0"),
            ("1 in 2", "\"[\" is expected in place of \"2\""), ("1 not 2", "\"in\" is expected in place of \"2\""),
            ("1 in (2)", "after \"in\" a list like [1, 2] is expected"), ("1.2.3", "1.2.3 is no number"),
            ("9223372036854775808", "a number in it does not fit 64 bits"), ("1e999", "a number in it is not finite"),
            ("a.b", ". is no number"), (".", ". is no number"), ("1e", "1e is no number"),
            ("é", "\"é\" is not expected in it"), ("in", "\"in\" is not expected in it"),
            ("1 in [1] == 1", "\"==\" is not expected in it"), ("1 in [1] * 2", "\"*\" is not expected in it"),
            ("1 and and 2", "\"and\" is not expected in it"), ("[1]", "\"[\" is not expected in it"),
        ]
    )
    func `what is no expression is refused`(_ text: String, _ reason: String) {
        let fault = #expect(throws: ExpressionFault.self) { try Expression(text) }
        #expect(fault?.reason == reason)
    }

    @Test(
        arguments: [
            ("9223372036854775807 + 1", "a number in it does not fit 64 bits"),
            ("-9223372036854775807 - 2", "a number in it does not fit 64 bits"),
            ("4294967296 * 4294967296", "a number in it does not fit 64 bits"),
            ("(-9223372036854775807 - 1) // -1", "a number in it does not fit 64 bits"),
            ("-(-9223372036854775807 - 1)", "a number in it does not fit 64 bits"),
            ("1 / 0", "it divides by 0"), ("1 // 0", "it divides by 0"), ("1 % 0", "it divides by 0"),
            ("1.5 % 0", "it divides by 0"), ("1e308 * 10", "a number in it is not finite"), ("i", "i has no value"),
        ]
    )
    func `what has no value is told`(_ text: String, _ reason: String) throws {
        let expression = try Expression(text)
        let fault = #expect(throws: ExpressionFault.self) { try expression.value() }
        #expect(fault?.reason == reason)
    }

    @Test func `expressions are bounded`() throws {
        for text in [String(repeating: "1+", count: 400) + "1", String(repeating: "(", count: 45) + "1"] {
            #expect(throws: ExpressionFault.self) { try Expression(text) }
        }
        for text in [String(repeating: "-", count: 60) + "1", String(repeating: "not ", count: 60) + "1"] {
            let fault = #expect(throws: ExpressionFault.self) { try Expression(text) }
            #expect(fault?.reason == "it is nested too deeply")
        }
        #expect(try Expression(String(repeating: "1+", count: 249) + "1").value() == .integer(250))
    }
}
