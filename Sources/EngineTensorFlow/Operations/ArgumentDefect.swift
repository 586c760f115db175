/// What is wrong with an input of an operation, and what was expected.
struct ArgumentDefect: Error {
    var reason: String

    init(_ reason: String) { self.reason = reason }
}
