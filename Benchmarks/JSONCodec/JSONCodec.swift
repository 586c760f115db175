import ArgumentParser
import Tensors

/// What the JSON of predict requests and answers costs: one core, no server.
@main struct JSONCodec: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "json-codec",
        abstract: "Measures reading of `:predict` bodies into tensors and writing of answers.",
        discussion: "Prints one line for each body: nanoseconds of CPU for the whole body, bytes, numbers."
    )

    @Argument(help: "TYPE:PATH, a body's element type as TensorFlow prints it and its file.")
    var bodies: [String]

    @Flag(help: "Measure writing of the body's tensor as an answer instead of reading it.")
    var write = false

    @Option(help: "Milliseconds to measure each body for.")
    var milliseconds = 100

    func run() throws {
        for argument in bodies {
            let parts = argument.split(separator: ":", maxSplits: 1).map(String.init)
            guard parts.count == 2, let type = ElementType.allCases.first(where: { $0.name == parts[0] }) else {
                throw ValidationError("\(argument) is not TYPE:PATH")
            }
            let subject = try Subject(path: parts[1], type: type)
            let pass = write ? subject.write : subject.read
            let best = try CPUClock.best(milliseconds: milliseconds, pass)
            print(Int(best), write ? try subject.write() : subject.byteCount, subject.numberCount)
        }
    }
}
