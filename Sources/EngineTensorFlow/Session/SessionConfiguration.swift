import ModelSignatures

/// The messages that tell TensorFlow how to make and use a session. Field numbers: tensorflow/core/protobuf/config.proto.
enum SessionConfiguration {
    /// A serialized `ConfigProto`.
    static func config(_ options: TensorFlowOptions) -> [UInt8] {
        var config = ProtobufWriter()
        config.integer(2, options.intraOpThreads)  // intra_op_parallelism_threads
        // The pool also runs what has a deadline; with one thread such runs would wait for each other.
        if options.interOpThreads > 1 { config.integer(5, options.interOpThreads) }  // inter_op_parallelism_threads
        if options.allowSoftPlacement { config.bool(7, true) }  // allow_soft_placement
        config.message(16) {  // experimental
            // Threads that wait for work by spinning take the cores from the other runs.
            $0.bool(9, true)  // disable_thread_spinning
        }
        return config.bytes
    }

    /// Serialized `RunOptions` for a run whose operations run in the calling thread. TensorFlow ignores time limits then.
    static let inCallingThread: [UInt8] = {
        var options = ProtobufWriter()
        options.integer(3, -1)  // inter_op_thread_pool
        return options.bytes
    }()

    /// Serialized `RunOptions` for a run on the inter-op pool that TensorFlow stops after `milliseconds`.
    static func timeout(milliseconds: Int) -> [UInt8] {
        var options = ProtobufWriter()
        options.integer(2, milliseconds)  // timeout_in_ms
        return options.bytes
    }
}
