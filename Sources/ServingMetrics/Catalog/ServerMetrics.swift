/// The metrics of a server, under the names that TensorFlow Serving gives them.
public final class ServerMetrics: Sendable {
    public let registry: MetricRegistry

    // MARK: Requests; most are recorded through `ModelMetrics`.

    /// Finished requests: `model_name`, `status` (a canonical code's name).
    public let requestCount: MetricFamily<Counter>
    /// Microseconds that requests took that succeeded: `model_name`, `API`, `entrypoint`.
    public let requestLatency: MetricFamily<Histogram>
    /// Microseconds that model runs took: `model_name`, `API`, `runtime`.
    public let runtimeLatency: MetricFamily<Histogram>
    /// Examples of each MultiInference request: `model`.
    public let requestExampleCounts: MetricFamily<Histogram>
    /// Examples of all MultiInference requests: `model`.
    public let requestExampleCountTotal: MetricFamily<Counter>
    /// Requests written to a log: `model_name`, `status_code`.
    public let requestLogCount: MetricFamily<Counter>

    // MARK: Models

    /// Microseconds that the warm-up of a version took: `model_path`, `status` (the full text, `OK` when fine).
    public let warmUpLatency: MetricFamily<Histogram>
    /// Warm-up records read: `model_path`, `status`.
    public let warmUpRecordsRead: MetricFamily<Counter>
    /// ML Metadata ids of loaded versions, a text: `model_name`, `version`. The page shows texts as 0.
    public let machineLearningMetadata: MetricFamily<Gauge>

    // MARK: Batching

    /// Microseconds that a request waited for its batch: `thread_pool_name`, which is always empty.
    public let batchingQueuingLatency: MetricFamily<Histogram>
    /// Batches that were run.
    public let batchingWrappedRunCount: MetricFamily<Counter>
    /// Rows added to a batch: `execution_batch_size`.
    public let batchingPaddingSize: MetricFamily<Histogram>
    /// Rows of requests, once for each input tensor.
    public let batchingInputBatchSize: MetricFamily<Histogram>
    /// Rows of batches as they were run.
    public let batchingProcessedBatchSize: MetricFamily<Histogram>

    // MARK: Batches by model; not TensorFlow Serving's

    /// Rows of requests in each batch that ran: `model`.
    public let batchRows: MetricFamily<Histogram>
    /// Requests in each batch that ran: `model`.
    public let batchRequests: MetricFamily<Histogram>
    /// Rows that only filled batches up: `model`.
    public let batchPaddingRows: MetricFamily<Counter>

    // MARK: TensorFlow's own, as far as they can be told from outside of it

    /// Tries to load a SavedModel: `model_path`, `status` (`success` or `fail`).
    public let loadAttemptCount: MetricFamily<Counter>
    /// Microseconds that loads took that succeeded: `model_path`.
    public let loadLatency: MetricFamily<Counter>
    /// Runs of models.
    public let graphRuns: Counter
    /// Microseconds that runs of models took.
    public let graphRunTime: Counter
    /// 1 once a session was made.
    public let sessionCreated: MetricFamily<Gauge>

    let models = ModelMetricsTable()

    public init(registry: MetricRegistry = MetricRegistry()) {
        self.registry = registry
        func serving(_ name: String) -> String { "/tensorflow/serving/\(name)" }
        func counter(_ name: String, _ labels: String...) -> MetricFamily<Counter> {
            registry.counter(name, labels: labels)
        }
        func histogram(_ name: String, _ bounds: HistogramBounds, _ labels: String...) -> MetricFamily<Histogram> {
            registry.histogram(name, labels: labels, bounds: bounds)
        }
        let latency = HistogramBounds.exponential(first: 10, factor: 1.8, count: 33)
        let rows = HistogramBounds.exponential(first: 1, factor: 2, count: 14)

        requestCount = counter(serving("request_count"), "model_name", "status")
        requestLatency = histogram(serving("request_latency"), latency, "model_name", "API", "entrypoint")
        runtimeLatency = histogram(serving("runtime_latency"), latency, "model_name", "API", "runtime")
        requestExampleCounts = histogram(
            serving("request_example_counts"),
            .exponential(first: 1, factor: 2, count: 15),
            "model"
        )
        requestExampleCountTotal = counter(serving("request_example_count_total"), "model")
        requestLogCount = counter(serving("request_log_count"), "model_name", "status_code")

        warmUpLatency = histogram(serving("model_warmup_latency"), latency, "model_path", "status")
        warmUpRecordsRead = counter(serving("model_warmup_records_read"), "model_path", "status")
        machineLearningMetadata = registry.gauge(serving("mlmd_map"), labels: ["model_name", "version"])

        batchingQueuingLatency = histogram(
            serving("batching_session/queuing_latency"),
            .exponential(first: 100, factor: 1.2, count: 52),
            "thread_pool_name"
        )
        batchingWrappedRunCount = counter(serving("batching_session/wrapped_run_count"))
        batchingPaddingSize = histogram(serving("batching_session/padding_size"), rows, "execution_batch_size")
        batchingInputBatchSize = histogram(serving("batching_session/input_batch_size"), rows)
        batchingProcessedBatchSize = histogram(serving("batching_session/processed_batch_size"), rows)

        batchRows = histogram("apus_batch_rows", rows, "model")
        batchRequests = histogram("apus_batch_requests", rows, "model")
        batchPaddingRows = counter("apus_batch_padding_rows_total", "model")

        loadAttemptCount = counter("/tensorflow/cc/saved_model/load_attempt_count", "model_path", "status")
        loadLatency = counter("/tensorflow/cc/saved_model/load_latency", "model_path")
        graphRuns = counter("/tensorflow/core/graph_runs").cell([])
        graphRunTime = counter("/tensorflow/core/graph_run_time_usecs").cell([])
        sessionCreated = registry.gauge("/tensorflow/core/session_created")
    }
}
