import ModelSignatures
import ServingPrimitives

/// The messages that tell TensorFlow how to make and use a session. Field numbers: tensorflow/core/protobuf/config.proto.
enum SessionConfiguration {
    /// A serialized `ConfigProto`: what the graph does not need, that of the options, then what overrides it. Of a field that comes twice protobuf keeps
    /// the last value, and it merges messages.
    ///
    /// - Parameters:
    ///   - overrides: what the version itself asks for.
    ///   - hasBranches: whether the graph may have conditional branches.
    ///   - target: where the session is; `nil` is this process.
    ///   - device: where the graph was placed.
    static func config(
        _ options: TensorFlowOptions,
        overrides: SessionOverrides? = nil,
        hasBranches: Bool = true,
        target: ClusterTarget? = nil,
        device: DeviceName? = nil
    ) -> [UInt8] {
        var config = ProtobufWriter()
        if !hasBranches {
            // This optimizer infers shapes, which those after it do for themselves, and moves operations into the branches that
            // alone need them. Without branches there is nothing to gain for a third of the time that a load takes.
            config.message(10) {  // graph_options
                $0.message(10) { $0.bool(32, true) }  // rewrite_options.disable_tfg_optimizer
            }
        }
        config.append(options.sessionConfig)
        if let device, device.isCPU, device.task.isEmpty, device.index > 0 {
            // CPU:2 is there in a session with three of them.
            config.message(1) {  // device_count, one entry of the map
                $0.string(1, "CPU")
                $0.integer(2, device.index + 1)
            }
        }
        config.integer(2, options.intraOpThreads)  // intra_op_parallelism_threads
        // The pool also runs what has a deadline; with one thread such runs would wait for each other.
        if options.interOpThreads > 1 { config.integer(5, options.interOpThreads) }  // inter_op_parallelism_threads
        if options.gpuMemoryFraction > 0 {
            // gpu_options.per_process_gpu_memory_fraction
            config.message(6) { $0.double(1, options.gpuMemoryFraction) }
        }
        // Not every operation has a kernel for every kind of device; all have one for the CPU.
        let isAccelerated = device.map { !$0.isCPU } ?? false
        if options.allowSoftPlacement || isAccelerated { config.bool(7, true) }  // allow_soft_placement
        if options.computesInBFloat16 || overrides != nil {
            config.message(10) {  // graph_options
                $0.message(10) { rewriterConfig(options, overrides, &$0) }  // rewrite_options
            }
        }
        if let target {
            // What a master that is gone would never answer; runs have limits of their own.
            config.integer(11, target.timeoutMilliseconds)  // operation_timeout_in_ms
            // Variables of the same name are one variable to all sessions of a worker otherwise, whatever their model.
            config.bool(15, true)  // isolate_session_state
        }
        config.message(16) {  // experimental
            // Threads that wait for work by spinning take the cores from the other runs.
            $0.bool(9, true)  // disable_thread_spinning
        }
        return config.bytes
    }

    /// Field numbers: tensorflow/core/protobuf/rewriter_config.proto.
    private static func rewriterConfig(
        _ options: TensorFlowOptions,
        _ overrides: SessionOverrides?,
        _ config: inout ProtobufWriter
    ) {
        if options.computesInBFloat16 { config.integer(31, 1) }  // auto_mixed_precision_onednn_bfloat16: ON
        guard let overrides else { return }
        config.bool(19, overrides.disablesMetaOptimizer)  // disable_meta_optimizer
        for optimizer in overrides.optimizers {
            config.message(200) {  // custom_optimizers
                $0.string(1, optimizer.name)
                $0.message(2) {  // parameter_map
                    $0.string(1, optimizer.parameter)
                    // AttrValue.s; the optimizers expect base64.
                    $0.message(2) { $0.string(2, Base64.encode(optimizer.value)) }
                }
            }
        }
    }

    /// Serialized `RunOptions` for a run whose operations run in the calling thread. TensorFlow ignores time limits then.
    static let inCallingThread: [UInt8] = {
        var options = ProtobufWriter()
        options.integer(3, -1)  // inter_op_thread_pool
        return options.bytes
    }()

    /// Serialized `RunOptions` for what runs on one of the pools of `session_inter_op_thread_pool`.
    static func pool(_ index: Int) -> [UInt8] {
        var options = ProtobufWriter()
        options.integer(3, index)  // inter_op_thread_pool
        return options.bytes
    }

    /// Serialized `RunOptions` for a run on the inter-op pool that TensorFlow stops after `milliseconds`.
    static func timeout(milliseconds: Int) -> [UInt8] {
        var options = ProtobufWriter()
        options.integer(2, milliseconds)  // timeout_in_ms
        return options.bytes
    }

    /// Added to serialized `RunOptions`: TensorFlow says what each operation of the run did.
    ///
    /// - Parameter onCluster: a master says nothing of its workers below the highest level.
    static func traced(onCluster: Bool) -> [UInt8] {
        var options = ProtobufWriter()
        options.integer(1, onCluster ? 3 : 1)  // trace_level = FULL_TRACE or SOFTWARE_TRACE
        return options.bytes
    }
}
