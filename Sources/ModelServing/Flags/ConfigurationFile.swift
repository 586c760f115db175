public import ServingPrimitives
public import SwiftProtobuf
public import WireFormat

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Reads the files that hold a message in protobuf's text format: what `--model_config_file` and its like name.
public enum ConfigurationFile {
    /// The message in the file at `path`, which may be written as a `file://` URI.
    ///
    /// - Parameter report: takes what is wrong with the text, all of it, as protobuf's own parser writes it to
    ///   standard error; the thrown error only says which file is meant, as TensorFlow Serving's does.
    /// - Throws: `INVALID_ARGUMENT` with `Invalid protobuf file: 'PATH'` when the text is wrong; what `LocalFile.contents`
    ///   throws when there is none.
    public static func read<M: Message>(
        _ path: String,
        as type: M.Type,
        report: (TextFormatError) -> Void = reportOnStandardError
    ) throws(ServingError) -> M {
        let bytes = try LocalFile.contents(of: path, limit: TextFormat.maximumLength)
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw .invalidArgument("Invalid protobuf file: '\(path)': it is not UTF-8 text")
        }
        do throws(TextFormatError) {
            return try TextFormat.decode(text, as: type)
        } catch {
            report(error)
            throw .invalidArgument("Invalid protobuf file: '\(path)'")
        }
    }

    /// Writes one line for each problem.
    public static func reportOnStandardError(_ error: TextFormatError) {
        var text = error.description + "\n"
        _ = text.withUTF8 { write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}
