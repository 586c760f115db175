import CLiteRT

/// The custom operations that TensorFlow Serving adds to TFLite's own, as TFLite calls them.
enum ParseExampleKernel {
    /// Lives as long as the process: LiteRT's environment keeps it.
    static var operations: clr_custom_operations {
        var registration = TfLiteRegistration()
        registration.`init` = { context, parameters, _ in ParseExampleKernel.make(context, parameters) }
        registration.free = { _, node in
            if let node { Unmanaged<Box>.fromOpaque(node).release() }
        }
        registration.prepare = { context, node in
            ParseExampleKernel.reporting(context, node) { node throws(ParseExampleError) in try node.prepare(context) }
        }
        registration.invoke = { context, node in
            ParseExampleKernel.reporting(context, node) { node throws(ParseExampleError) in try node.run(context) }
        }
        registration.custom_name = text("ParseExample")
        registration.version = 1
        return clr_custom_operations(names: names, registration: registration)
    }

    private static let version2 = "ParseExampleV2"

    nonisolated(unsafe) private static let names: UnsafePointer<UnsafePointer<CChar>?> = {
        let names = UnsafeMutablePointer<UnsafePointer<CChar>?>.allocate(capacity: 3)
        names[0] = text("ParseExample")
        names[1] = text("ParseExampleV2")
        names[2] = nil
        return UnsafePointer(names)
    }()

    private static func text(_ text: StaticString) -> UnsafePointer<CChar> {
        UnsafeRawPointer(text.utf8Start).assumingMemoryBound(to: CChar.self)
    }

    /// What TFLite keeps for a node: errors of its making are told when it is prepared.
    private final class Box {
        let node: Result<ParseExampleNode, ParseExampleError>

        init(_ node: Result<ParseExampleNode, ParseExampleError>) { self.node = node }
    }

    private static func make(
        _ context: UnsafeMutablePointer<TfLiteContext>?,
        _ parameters: UnsafePointer<CChar>?
    ) -> UnsafeMutableRawPointer? {
        guard let context, let parameters else { return nil }
        let node = Result { () throws(ParseExampleError) in
            try ParseExampleNode(context, operands(context, UnsafeRawPointer(parameters)))
        }
        return Unmanaged.passRetained(Box(node)).toOpaque()
    }

    /// - Parameter parameters: a `TfLiteDelegateParams` with the one node that is replaced.
    private static func operands(
        _ context: UnsafeMutablePointer<TfLiteContext>,
        _ parameters: UnsafeRawPointer
    ) throws(ParseExampleError) -> ParseExampleNode.Operands {
        let replaced = parameters.assumingMemoryBound(to: TfLiteDelegateParams.self).pointee.nodes_to_replace
        var node: UnsafeMutablePointer<TfLiteNode>?
        var registration: UnsafeMutablePointer<TfLiteRegistration>?
        guard replaced.pointee.size == 1,
            context.pointee.GetNodeAndRegistration(context, clr_int_array_data(replaced)[0], &node, &registration)
                == kTfLiteOk,
            let node, let name = registration?.pointee.custom_name
        else { throw ParseExampleError("TFLite does not tell the node of ParseExample") }
        return try ParseExampleNode.Operands(node.pointee, isVersion2: String(cString: name) == version2)
    }

    /// Calls `body` with the node; an error becomes part of the run's error messages.
    private static func reporting(
        _ context: UnsafeMutablePointer<TfLiteContext>?,
        _ node: UnsafeMutablePointer<TfLiteNode>?,
        _ body: (ParseExampleNode) throws(ParseExampleError) -> Void
    ) -> TfLiteStatus {
        guard let context, let data = node?.pointee.user_data else { return kTfLiteError }
        do throws(ParseExampleError) {
            try body(Unmanaged<Box>.fromOpaque(data).takeUnretainedValue().node.get())
            return kTfLiteOk
        } catch {
            clr_report_error(context, error.message)
            return kTfLiteError
        }
    }
}
