import ServingPrimitives
import Testing

@testable import ServingMetrics

@Suite struct ServerMetricsTests {
    @Test func `every metric is on the page under TensorFlow's name and type`() {
        #expect(
            page(ServerMetrics()) == """
                # TYPE :tensorflow:cc:saved_model:load_attempt_count counter
                # TYPE :tensorflow:cc:saved_model:load_latency counter
                # TYPE :tensorflow:core:graph_run_time_usecs counter
                # TYPE :tensorflow:core:graph_runs counter
                # TYPE :tensorflow:core:session_created gauge
                # TYPE :tensorflow:serving:batching_session:input_batch_size histogram
                # TYPE :tensorflow:serving:batching_session:padding_size histogram
                # TYPE :tensorflow:serving:batching_session:processed_batch_size histogram
                # TYPE :tensorflow:serving:batching_session:queuing_latency histogram
                # TYPE :tensorflow:serving:batching_session:wrapped_run_count counter
                # TYPE :tensorflow:serving:mlmd_map gauge
                # TYPE :tensorflow:serving:model_warmup_latency histogram
                # TYPE :tensorflow:serving:model_warmup_records_read counter
                # TYPE :tensorflow:serving:request_count counter
                # TYPE :tensorflow:serving:request_example_count_total counter
                # TYPE :tensorflow:serving:request_example_counts histogram
                # TYPE :tensorflow:serving:request_latency histogram
                # TYPE :tensorflow:serving:request_log_count counter
                # TYPE :tensorflow:serving:runtime_latency histogram
                # TYPE apus_batch_padding_rows_total counter
                # TYPE apus_batch_requests histogram
                # TYPE apus_batch_rows histogram

                """
        )
    }

    @Test func `bounds are TensorFlow Serving's`() throws {
        let metrics = ServerMetrics()
        let latency = metrics.requestLatency.cell(["", "", ""]).bounds
        #expect(latency.texts.prefix(6) == ["10", "18", "32.4", "58.32", "104.976", "188.957"])
        #expect(latency.texts.last == "1.47476e+09" && latency.texts.count == 33)
        let runtime = metrics.runtimeLatency.cell(["", "", ""]).bounds
        #expect(runtime == latency)
        #expect(metrics.warmUpLatency.cell(["", ""]).bounds == latency)
        let examples = metrics.requestExampleCounts.cell([""]).bounds
        #expect(examples.texts.last == "16384" && examples.texts.count == 15)
        let queuing = metrics.batchingQueuingLatency.cell([""]).bounds
        #expect(queuing.texts.prefix(3) == ["100", "120", "144"] && queuing.texts.count == 52)
        for family in [metrics.batchingInputBatchSize, metrics.batchingProcessedBatchSize] {
            #expect(family.cell([]).bounds.texts.last == "8192" && family.cell([]).bounds.texts.count == 14)
        }
        #expect(metrics.batchingPaddingSize.cell([""]).bounds.texts.count == 14)
    }

    @Test func `a request that succeeds is counted and timed, one that fails is counted`() {
        let metrics = ServerMetrics()
        let model = metrics.model("m")
        model.finished(.grpc(.predict), .ok, nanoseconds: 12_999)
        model.finished(.rest(.regress), .ok, nanoseconds: 5_000)
        model.finished(.rest(nil), .ok, nanoseconds: 1_000)
        model.finished(.grpc(.classify), .invalidArgument, nanoseconds: 7_000)
        #expect(counts(metrics) == ["m INVALID_ARGUMENT 1", "m OK 3"])
        let latencies = metrics.requestLatency.usedCells()
        #expect(latencies.map(\.values) == [["m", "", "REST"], ["m", "Predict", "GRPC"], ["m", "regress", "REST"]])
        #expect(latencies.map(\.cell.sum) == [1, 12, 5])
    }

    @Test func `a run is timed by API, and each run of the graph is counted`() {
        let metrics = ServerMetrics()
        metrics.model("m").ran(.classify, nanoseconds: 20_000)
        metrics.model("m").graphRan(nanoseconds: 15_000)
        #expect(metrics.runtimeLatency.usedCells().map(\.values) == [["m", "Classify", "TF1"]])
        #expect(metrics.graphRuns.value == 1)
        #expect(metrics.graphRunTime.value == 15)
    }

    @Test func `examples are counted by model`() {
        let metrics = ServerMetrics()
        metrics.model("m").received(examples: 3)
        metrics.model("m").received(examples: 4)
        #expect(metrics.requestExampleCountTotal.cell(["m"]).value == 7)
        #expect(metrics.requestExampleCounts.cell(["m"]).counts.prefix(4) == [0, 0, 1, 1])
    }

    @Test func `a loop's cache records for known, new and unknown models`() {
        let metrics = ServerMetrics()
        var cache = ModelMetricsCache(metrics)
        cache.finished(model: "m", .grpc(.predict), .notFound, nanoseconds: 1)
        _ = metrics.model("m")
        for name in ["m", "m", "n", "m", ""] { cache.finished(model: name, .grpc(.predict), .ok, nanoseconds: 1000) }
        #expect(counts(metrics) == [" OK 1", "m NOT_FOUND 1", "m OK 3", "n OK 1"])
    }

    private func counts(_ metrics: ServerMetrics) -> [String] {
        metrics.requestCount.usedCells().map { "\($0.values[0]) \($0.values[1]) \($0.cell.value)" }
    }

    private func page(_ metrics: ServerMetrics) -> String { String(decoding: metrics.registry.page(), as: UTF8.self) }
}
