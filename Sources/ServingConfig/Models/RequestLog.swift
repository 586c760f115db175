import ServingPrimitives

/// What a model's `logging_config` asks for.
public struct RequestLog: Sendable, Hashable {
    /// The collector: `tfrecord`, or empty, which is the same.
    public var type = ""
    /// What the paths of its files begin with.
    public var filenamePrefix: String
    /// Share of the requests to log, from 0 to 1.
    public var samplingRate: Double
    /// The configuration has a `custom_logging_config`.
    public var isCustom = false

    public init(filenamePrefix: String, samplingRate: Double) {
        self.filenamePrefix = filenamePrefix
        self.samplingRate = samplingRate
    }
}

extension RequestLog {
    /// The type of the only collector there is.
    public static let tfRecord = "tfrecord"
    /// A file name has at most 255 bytes on Linux, and what comes after the prefix takes some; so does a path of 4096.
    static let longestName = 200
    static let longestPath = 4000

    /// Everything wrong with it.
    func problems(of model: String) -> [ServingError] {
        var problems: [ServingError] = []
        func report(_ code: CanonicalCode, _ text: String) {
            problems.append(ServingError(code, "The logging_config of model \(model) \(text)"))
        }
        if isCustom {
            report(
                .invalidArgument,
                "has a custom_logging_config, which this server has nothing for; use log_collector_config"
            )
        }
        if !type.isEmpty, type != Self.tfRecord {
            // The first words are TensorFlow Serving's.
            problems.append(
                .notFound(
                    "Cannot find LogCollector::Factory for type: \(type) (model \(model)); expected \"\(Self.tfRecord)\""
                )
            )
        }
        if !(0...1).contains(samplingRate) {
            report(.invalidArgument, "has a sampling_rate of \(samplingRate); expected a number from 0 to 1")
        }
        if let problem = prefixProblem { report(.invalidArgument, problem) }
        return problems
    }

    private var prefixProblem: String? {
        let name = filenamePrefix.utf8.suffix(while: { $0 != UInt8(ascii: "/") })
        guard filenamePrefix.hasPrefix("/"), !name.isEmpty, !filenamePrefix.utf8.contains(0) else {
            return
                "has the filename_prefix \"\(filenamePrefix)\"; expected an absolute path that ends in the beginning of "
                + "a file name, like /var/log/apus/NAME"
        }
        guard name.count <= Self.longestName, filenamePrefix.utf8.count <= Self.longestPath else {
            return
                "has a filename_prefix of \(filenamePrefix.utf8.count) bytes, \(name.count) of them after the last /; "
                + "at most \(Self.longestPath) and \(Self.longestName) fit into a path"
        }
        return nil
    }
}

extension BidirectionalCollection {
    fileprivate func suffix(while predicate: (Element) -> Bool) -> SubSequence {
        var start = endIndex
        while start > startIndex, predicate(self[index(before: start)]) { start = index(before: start) }
        return self[start...]
    }
}
