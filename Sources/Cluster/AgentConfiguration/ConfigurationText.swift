/// Where in a configuration something stands: `demo.conf:12`.
public struct ConfigurationPlace: Sendable, Hashable, CustomStringConvertible {
    /// Path of the file.
    public var file: String
    /// From 1.
    public var line: Int

    public init(file: String, line: Int) {
        self.file = file
        self.line = line
    }

    public var description: String { "\(file):\(line)" }
}

/// A text of a configuration, and where it stands.
public struct ConfigurationText: Sendable, Hashable {
    public var text: String
    public var place: ConfigurationPlace

    public init(_ text: String, at place: ConfigurationPlace) {
        self.text = text
        self.place = place
    }
}
