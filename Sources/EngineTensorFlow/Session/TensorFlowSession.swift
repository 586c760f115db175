import CTensorFlow
import ModelSignatures
import ServingPrimitives
import Synchronization

/// Owns a TensorFlow session and its graph.
final class TensorFlowSession: @unchecked Sendable {
    // Sendable: sessions and finished graphs may be used from any thread, and `end` takes effect once.
    let handle: OpaquePointer
    let graph: OpaquePointer
    private let ended = Atomic<Bool>(false)

    private init(
        loading folder: String,
        _ tags: [String],
        _ options: OpaquePointer,
        _ runOptions: [UInt8]?,
        _ metaGraph: UnsafeMutablePointer<TF_Buffer>
    ) throws(ServingError) {
        let graph = TF_NewGraph()
        do throws(ServingError) {
            let handle = try ServingError.check { status in
                withCStrings(tags) { tagPointers in
                    withBuffer(runOptions) {
                        TF_LoadSessionFromSavedModel(
                            options,
                            $0,
                            folder,
                            tagPointers,
                            Int32(tags.count),
                            graph,
                            metaGraph,
                            status
                        )
                    }
                }
            }
            guard let handle else { throw .internalError("TensorFlow made no session for \(folder)") }
            self.handle = handle
            self.graph = graph
        } catch {
            TF_DeleteGraph(graph)
            throw error
        }
    }

    /// Loads a SavedModel: reads it, restores its variables and runs its initialisation with its assets.
    ///
    /// - Parameters:
    ///   - runOptions: serialized `RunOptions` of the runs that this takes.
    ///   - target: the runtime of a cluster; `nil` is that of this process.
    /// - Throws: TensorFlow's reason.
    static func load(
        _ folder: String,
        tags: [String],
        config: [UInt8],
        runOptions: [UInt8]? = nil,
        target: String? = nil
    ) throws(ServingError) -> (session: TensorFlowSession, metaGraph: MetaGraph) {
        let options = TF_NewSessionOptions()
        defer { TF_DeleteSessionOptions(options) }
        try ServingError.check { TF_SetConfig(options, config, config.count, $0) }
        if let target { TF_SetTarget(options, target) }
        // TensorFlow serializes the graph anew for this. That takes as long as reading the file once more, and gives
        // the signatures whatever the file's format is.
        let metaGraph = TF_NewBuffer()
        defer { TF_DeleteBuffer(metaGraph) }
        let session = try TensorFlowSession(loading: folder, tags, options, runOptions, metaGraph)
        do throws(ProtobufReader.Malformed) {
            let bytes = UnsafeRawBufferPointer(start: metaGraph.pointee.data, count: metaGraph.pointee.length)
            return (session, try MetaGraph(bytes))
        } catch {
            throw .internalError("TensorFlow gave a MetaGraphDef of \(folder) that cannot be read")
        }
    }

    /// Closes the session and frees it with its graph. Nothing may use them any more.
    func end() {
        guard !ended.exchange(true, ordering: .acquiringAndReleasing) else { return }
        // A session that fails to close is deleted all the same; there is nobody who could do more about it.
        let status = TF_NewStatus()
        defer { TF_DeleteStatus(status) }
        TF_CloseSession(handle, status)
        TF_DeleteSession(handle, status)
        TF_DeleteGraph(graph)
    }

    deinit { end() }

    /// The output of the graph that `name` (`operation:index`, or `operation` for index 0) stands for.
    ///
    /// An operation without outputs is found as well: initialisation signatures name such, and only running them fails.
    func output(named name: String) -> TF_Output? {
        var operation = Substring(name)
        var index: Int32 = 0
        if let colon = name.lastIndex(of: ":") {
            guard let number = Int32(name[name.index(after: colon)...]), number >= 0 else { return nil }
            operation = name[..<colon]
            index = number
        }
        guard let found = TF_GraphOperationByName(graph, String(operation)) else { return nil }
        let count = TF_OperationNumOutputs(found)
        return count == 0 || index < count ? TF_Output(oper: found, index: index) : nil
    }
}

/// Lends `strings` as an array of C strings.
private func withCStrings<R>(_ strings: [String], _ body: (UnsafePointer<UnsafePointer<CChar>>?) -> R) -> R {
    let bytes = strings.flatMap { Array($0.utf8CString) }
    return bytes.withUnsafeBufferPointer { bytes in
        var pointers: [UnsafePointer<CChar>] = []
        var offset = 0
        for string in strings {
            // Not empty when there is a string: each has its terminating zero.
            pointers.append(bytes.baseAddress! + offset)
            offset += string.utf8.count + 1
        }
        return pointers.withUnsafeBufferPointer { body($0.baseAddress) }
    }
}

/// Lends `bytes` as a buffer of TensorFlow's.
private func withBuffer<R>(_ bytes: [UInt8]?, _ body: (UnsafePointer<TF_Buffer>?) -> R) -> R {
    guard let bytes else { return body(nil) }
    return bytes.withUnsafeBytes {
        var buffer = TF_Buffer(data: $0.baseAddress, length: $0.count, data_deallocator: nil)
        return body(&buffer)
    }
}
