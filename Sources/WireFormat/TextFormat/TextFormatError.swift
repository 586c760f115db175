/// Everything that is wrong with a text, in the words of protobuf's own parser.
public struct TextFormatError: Error, Sendable, Hashable, CustomStringConvertible {
    public struct Problem: Sendable, Hashable, CustomStringConvertible {
        /// 1 is the first line.
        public var line: Int
        /// In bytes; 1 is the first column, and a tab reaches to the next multiple of 8.
        public var column: Int
        public var message: String

        public init(line: Int, column: Int, message: String) {
            self.line = line
            self.column = column
            self.message = message
        }

        /// `LINE:COLUMN: MESSAGE`.
        public var description: String { "\(line):\(column): \(message)" }
    }

    /// Full name of the message the text should describe.
    public var messageName: String
    /// At least one; the first is the one protobuf's own parser reports.
    public var problems: [Problem]

    init(_ messageName: String, _ problems: [Problem]) {
        self.messageName = messageName
        self.problems = problems
    }

    init(_ messageName: String, _ problem: Problem) { self.init(messageName, [problem]) }

    /// One line for each problem: `Error parsing text-format tensorflow.serving.ModelServerConfig: 1:5: ...`.
    public var description: String {
        problems.map { "Error parsing text-format \(messageName): \($0)" }.joined(separator: "\n")
    }
}

extension TextFormatError.Problem {
    static func tooLong(_ length: Int) -> Self {
        Self(
            line: 1,
            column: 1,
            message: "The text has \(length) bytes; at most \(TextFormat.maximumLength) are read."
        )
    }

    static func undecodable(_ error: any Error) -> Self {
        Self(line: 1, column: 1, message: "The message cannot be decoded: \(error)")
    }
}
