package import ModelSignatures
public import ServingPrimitives

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// How much memory a model will take, from its files. Nothing is loaded.
///
/// Measured (docs/placement.md): once it is loaded and has run, a SavedModel takes its variables once, about 20 times its
/// graph without constants, and 5 times its constants. That is within some 10 % for ordinary models.
public struct ModelFootprint: Sendable, Hashable {
    public var variableBytes = 0
    /// Of the graph and its functions, less the constants.
    public var graphBytes = 0
    public var constantBytes = 0

    /// What one copy of the model takes.
    public var bytes: Int {
        func product(_ value: Int, _ factor: Int) -> Int {
            let (product, overflow) = value.multipliedReportingOverflow(by: factor)
            return overflow ? .max / 4 : min(product, .max / 4)
        }
        return min(variableBytes, .max / 4) + product(graphBytes, 20) + product(constantBytes, 5)
    }

    /// - Throws: `NOT_FOUND` when there is no model in the folder, and what the system or its graph's bytes say.
    public init(of folder: String) throws(ServingError) {
        if let size = Self.size("\(folder)/model.tflite"), Self.size("\(folder)/saved_model.pb") == nil {
            // The weights are used where they lie in the file.
            variableBytes = size
            return
        }
        for name in LocalFolder.names(in: "\(folder)/variables") ?? [] where name.hasPrefix("variables.data-") {
            variableBytes += Self.size("\(folder)/variables/\(name)") ?? 0
        }
        for name in ["saved_model.pbtxt", "saved_model.cpb"] {
            // As text or in chunks; how much of it is constants cannot be told.
            if let size = Self.size("\(folder)/\(name)") { graphBytes += size }
        }
        let path = "\(folder)/saved_model.pb"
        guard Self.size(path) != nil || graphBytes == 0 else { return }
        let bytes = try LocalFile.contents(of: path, limit: Int(Int32.max))
        do throws(ProtobufReader.Malformed) {
            let constants = try bytes.withUnsafeBufferPointer { (bytes) throws(ProtobufReader.Malformed) in
                try Self.constants(in: UnsafeRawBufferPointer(bytes))
            }
            constantBytes = constants
            graphBytes = bytes.count - constants
        } catch {
            throw .invalidArgument("\(path) is no SavedModel")
        }
    }

    private static func size(_ path: String) -> Int? {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        return Int(status.st_size)
    }

    /// The fields that lead to nodes from a SavedModel, by depth: meta_graphs, graph_def, then node or library, function,
    /// node_def.
    package static func constants(in savedModel: UnsafeRawBufferPointer) throws(ProtobufReader.Malformed) -> Int {
        try sum(savedModel, 2) { (metaGraph) throws(ProtobufReader.Malformed) in
            try sum(metaGraph, 2) { (graph) throws(ProtobufReader.Malformed) in
                let own = try sum(graph, 1, constant)
                let functions = try sum(graph, 2) { (library) throws(ProtobufReader.Malformed) in
                    try sum(library, 1) { (function) throws(ProtobufReader.Malformed) in
                        try sum(function, 3, constant)
                    }
                }
                return own + functions
            }
        }
    }

    private static func sum(
        _ message: UnsafeRawBufferPointer,
        _ field: Int,
        _ body: (UnsafeRawBufferPointer) throws(ProtobufReader.Malformed) -> Int
    ) throws(ProtobufReader.Malformed) -> Int {
        var total = 0
        var reader = ProtobufReader(message)
        while let (number, value) = try reader.next() {
            if number == field, case .bytes(let content) = value { total += try body(content) }
        }
        return total
    }

    /// Bytes of a node that is a constant; 0 for every other.
    private static func constant(_ node: UnsafeRawBufferPointer) throws(ProtobufReader.Malformed) -> Int {
        var reader = ProtobufReader(node)
        while let (field, value) = try reader.next() {
            guard field == 2, case .bytes(let type) = value else { continue }
            return type.elementsEqual("Const".utf8) ? node.count : 0
        }
        return 0
    }
}
