package import ServingPrimitives

/// All `KEY VALUE` lines of a configuration file and of those that it includes, in the order in which they are read.
package struct ConfigurationEntries: Sendable {
    package struct Entry: Sendable, Hashable {
        package var key: String
        package var value: ConfigurationText
    }

    /// Reads a file; bounded, as it is the configuration's author who says which.
    package typealias Reading = @Sendable (_ path: String) throws(ServingError) -> [UInt8]

    package private(set) var entries: [Entry] = []
    package private(set) var problems: [ServingError] = []
    private let read: Reading
    private var fileCount = 0

    private static let maximumDepth = 8
    private static let maximumFiles = 100
    private static let maximumEntries = 10_000

    /// - Throws: why `path` itself cannot be read. What is wrong with files that it includes is among `problems`.
    package init(_ path: String, _ read: @escaping Reading) throws(ServingError) {
        self.read = read
        try append(path, including: [])
    }

    private mutating func append(_ path: String, including stack: [String]) throws(ServingError) {
        fileCount += 1
        guard fileCount <= Self.maximumFiles else {
            throw .invalidArgument("more than \(Self.maximumFiles) files are included")
        }
        guard let text = String(validating: try read(path), as: UTF8.self) else {
            throw .invalidArgument("\(path) is no text in UTF-8")
        }
        // A line of Windows ends with a character of its own: CR and LF together.
        let lines = text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }
        for (index, line) in lines.enumerated() {
            let place = ConfigurationPlace(file: path, line: index + 1)
            switch ConfigurationLine(line) {
            case .empty: break
            case .include(let name): include(name, at: place, stack + [path])
            case .value(let key, let value):
                guard entries.count < Self.maximumEntries else {
                    throw .invalidArgument("\(place): there are more than \(Self.maximumEntries) settings")
                }
                entries.append(Entry(key: key, value: ConfigurationText(value, at: place)))
            }
        }
    }

    private mutating func include(_ name: String, at place: ConfigurationPlace, _ stack: [String]) {
        func report(_ reason: String) { problems.append(.invalidArgument("\(place): include \(name): \(reason)")) }
        guard !name.isEmpty else { return report("expected the path of a file") }
        let path = Self.path(of: name, from: place.file)
        guard !stack.contains(path) else { return report("the file includes itself") }
        guard stack.count <= Self.maximumDepth else {
            return report("files are included more than \(Self.maximumDepth) deep")
        }
        do throws(ServingError) {
            try append(path, including: stack)
        } catch {
            report(error.message)
        }
    }

    /// One that is not absolute lies beside the file that names it.
    private static func path(of name: String, from file: String) -> String {
        guard !name.hasPrefix("/"), let slash = file.lastIndex(of: "/") else { return name }
        return "\(file[...slash])\(name)"
    }
}
