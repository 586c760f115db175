"""Profiles of real runs: taken with TensorFlow's own client, read with TensorFlow's own messages."""

import gzip
import json
import signal
import threading

import grpc
import numpy
import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from tensorflow.python.profiler import profiler_client
from tensorflow.tsl.profiler.protobuf import xplane_pb2

from support.paths import MODELS
from support.server import apus_serve, free_port, tensorflow_model_server
from support.tensors import predict_request
from support.waiting import LONG, eventually

SERVICE = "tensorflow.ProfilerService"


def _messages():
    """The service's messages, with the numbers of profiler_service.proto; no wheel has them in Python."""
    file = descriptor_pb2.FileDescriptorProto(name="test/profiler.proto", package="test", syntax="proto3")
    file.dependency.append(xplane_pb2.DESCRIPTOR.name)
    kinds = descriptor_pb2.FieldDescriptorProto

    def add(message_name, **fields):
        message = file.message_type.add(name=message_name)
        for field, (number, kind, *rest) in fields.items():
            added = message.field.add(name=field, number=number, type=kind, label=kinds.LABEL_OPTIONAL)
            if "repeated" in rest:
                added.label = kinds.LABEL_REPEATED
            if kind == kinds.TYPE_MESSAGE:
                added.type_name = rest[0]

    add("Options", duration_ms=(9, kinds.TYPE_UINT64))
    add("ToolData", name=(1, kinds.TYPE_STRING), data=(2, kinds.TYPE_BYTES))
    add(
        "ProfileRequest",
        duration_ms=(1, kinds.TYPE_UINT64),
        max_events=(2, kinds.TYPE_UINT64),
        tools=(3, kinds.TYPE_STRING, "repeated"),
        opts=(4, kinds.TYPE_MESSAGE, ".test.Options"),
        repository_root=(5, kinds.TYPE_STRING),
        session_id=(6, kinds.TYPE_STRING),
        host_name=(7, kinds.TYPE_STRING),
        emit_xspace=(9, kinds.TYPE_BOOL),
    )
    add(
        "ProfileResponse",
        tool_data=(6, kinds.TYPE_MESSAGE, ".test.ToolData", "repeated"),
        empty_trace=(7, kinds.TYPE_BOOL),
        xspace=(8, kinds.TYPE_MESSAGE, ".tensorflow.profiler.XSpace"),
    )
    add("TerminateRequest", session_id=(1, kinds.TYPE_STRING))
    pool = descriptor_pool.Default()
    described = pool.Add(file) or pool.FindFileByName(file.name)
    return {
        name: message_factory.GetMessageClass(described.message_types_by_name[name])
        for name in ("ProfileRequest", "ProfileResponse", "TerminateRequest")
    }


MESSAGES = _messages()
ProfileRequest, TerminateRequest = MESSAGES["ProfileRequest"], MESSAGES["TerminateRequest"]


class Profiler:
    def __init__(self, server):
        self.channel = server.channel()

    def call(self, method, request, timeout=LONG):
        return self.future(method, request, timeout).result()

    def future(self, method, request, timeout=LONG):
        call = self.channel.unary_unary(
            f"/{SERVICE}/{method}",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=MESSAGES["ProfileResponse"].FromString,
        )
        return call.future(request, timeout=timeout)

    def is_open(self):
        """Whether a session is open: another one is refused then."""
        error = self.future("Profile", ProfileRequest(emit_xspace=True)).exception()
        if error is not None:
            assert (error.code(), error.details()) == (
                grpc.StatusCode.ALREADY_EXISTS,
                "Another profiling session active.",
            )
        return error is not None

    def opened(self, session_id):
        """A call whose session is open for as long as the test needs it."""
        request = ProfileRequest(duration_ms=300_000, session_id=session_id, emit_xspace=True)
        call = None

        def look():
            nonlocal call
            # Asking whether it is open may have taken its place.
            if call is None or call.done():
                call = self.future("Profile", request)
            return call if self.is_open() and not call.done() else None

        return eventually(look, "a session to be open")


@pytest.fixture(scope="module")
def own():
    models = {name: MODELS / name for name in ["perceptron", "half_plus_two"]}
    with apus_serve(models) as server:
        server.wait_until_ready()
        yield server


@pytest.fixture
def traffic(own):
    """Predictions all the time."""
    stop = threading.Event()

    def run():
        stub = own.prediction()
        request = predict_request("perceptron", {"image": numpy.zeros((2, 784), dtype="float32")})
        while not stop.is_set():
            stub.Predict(request, timeout=LONG)

    thread = threading.Thread(target=run)
    thread.start()
    yield
    stop.set()
    thread.join()


def operations(space):
    """Names of all events with their durations, by plane and line."""
    return {
        (plane.name, line.name): [
            (plane.event_metadata[event.metadata_id].name, event.duration_ps) for event in line.events
        ]
        for plane in space.planes
        for line in plane.lines
    }


def assert_is_profile_of_the_perceptron(space):
    found = operations(space)
    lines = [line for plane, line in found]
    names = [name for events in found.values() for name, _ in events]
    assert {plane for plane, _ in found} == {"/host:CPU"}
    assert any(line.startswith("Runs of thread") for line in lines)
    assert any(line.startswith("Thread") for line in lines)
    assert "perceptron/1:serving_default" in names
    assert any(name.endswith(":MatMul") or name.endswith(":_FusedMatMul") for name in names), sorted(set(names))
    assert any(duration > 0 for events in found.values() for _, duration in events)
    for plane in space.planes:
        for line in plane.lines:
            assert line.timestamp_ns > 1.7e18
            offsets = [event.offset_ps for event in line.events]
            assert offsets == sorted(offsets)


def assert_is_trace(data):
    trace = json.loads(gzip.decompress(data))
    events = trace["traceEvents"]
    names = {event["name"] for event in events if event["ph"] == "X"}
    assert {"MatMul", "_FusedMatMul"} & names, names
    assert {event["args"]["name"] for event in events if event["name"] == "process_name"} == {"/host:CPU"}
    assert all(event["ts"] >= 0 and event["dur"] >= 0 for event in events if event["ph"] == "X")


def test_tensorflows_client_writes_what_tensorboard_reads(own, traffic, tmp_path):
    profiler_client.trace(f"grpc://{own.grpc_address}", str(tmp_path), 300)
    (space_file,) = tmp_path.glob("plugins/profile/*/*.xplane.pb")
    assert_is_profile_of_the_perceptron(xplane_pb2.XSpace.FromString(space_file.read_bytes()))
    (trace_file,) = space_file.parent.glob("*.trace.json.gz")
    assert_is_trace(trace_file.read_bytes())
    assert space_file.name == f"127.0.0.1_{own.grpc_port}.xplane.pb"


def test_profile_in_the_answer(own, traffic):
    request = ProfileRequest(emit_xspace=True, tools=["trace_viewer"])
    request.opts.duration_ms = 200
    answer = Profiler(own).call("Profile", request)
    assert not answer.empty_trace
    assert_is_profile_of_the_perceptron(answer.xspace)
    (data,) = answer.tool_data
    assert data.name == "trace.json.gz"
    assert_is_trace(data.data)
    assert not answer.xspace.warnings


def test_operations_lie_within_their_run(own, traffic):
    answer = Profiler(own).call("Profile", ProfileRequest(duration_ms=100, emit_xspace=True))
    runs, parts = {}, {}
    for plane in answer.xspace.planes:
        for line in plane.lines:
            for event in line.events:
                (step,) = [stat.int64_value for stat in event.stats]
                span = (event.offset_ps, event.offset_ps + event.duration_ps)
                (runs if line.name.startswith("Runs") else parts).setdefault(step, []).append(span)
    # The profile may end between the operations of the last runs and the runs themselves.
    unfinished = set(parts) - set(runs)
    assert runs and len(unfinished) <= 4 and all(step >= max(runs) - 4 for step in unfinished)
    slack = 100 * 10**6  # TensorFlow reads another clock, in microseconds.
    for step in set(parts) & set(runs):
        spans, ((start, end),) = parts[step], runs[step]
        assert all(start - slack <= first and last <= end + slack for first, last in spans)


def test_nothing_ran(own):
    answer = Profiler(own).call("Profile", ProfileRequest(duration_ms=1, emit_xspace=True))
    assert answer.empty_trace and not answer.xspace.planes


def test_an_empty_request_is_answered_at_once(own):
    assert Profiler(own).call("Profile", ProfileRequest()).empty_trace


def test_a_full_profile_says_so(own, traffic):
    request = ProfileRequest(duration_ms=200, max_events=5, emit_xspace=True)
    answer = Profiler(own).call("Profile", request)
    assert sum(len(line.events) for plane in answer.xspace.planes for line in plane.lines) == 5
    assert "events came when the profile was full" in answer.xspace.warnings[0]


def test_one_session_at_a_time_and_terminate(own):
    profiler = Profiler(own)
    first = profiler.opened("first")
    assert profiler.is_open()
    profiler.call("Terminate", TerminateRequest(session_id="second"))
    assert not first.done()
    profiler.call("Terminate", TerminateRequest(session_id="first"))
    assert first.result(timeout=LONG).empty_trace


def test_a_client_that_leaves_ends_its_session(own):
    profiler = Profiler(own)
    profiler.opened("left").cancel()
    eventually(lambda: not profiler.is_open(), "the session to end with its client")


@pytest.mark.parametrize(
    "fields",
    [
        {"repository_root": "gs://bucket/log"},
        {"repository_root": "log"},
        {"repository_root": "/tmp/../etc"},
        {"session_id": "../up"},
        {"host_name": "a/b"},
        {"duration_ms": 10**12},
    ],
    ids=lambda fields: next(iter(fields)) + "=" + str(next(iter(fields.values()))).replace("/", "|"),
)
def test_hostile_paths_are_refused(own, tmp_path, fields):
    arguments = {"repository_root": str(tmp_path / "log"), "session_id": "s", "host_name": "h", **fields}
    error = Profiler(own).future("Profile", ProfileRequest(**arguments)).exception()
    assert error.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert list(fields)[0] in error.details()
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_written(own, tmp_path):
    (tmp_path / "file").write_text("")
    request = ProfileRequest(repository_root=str(tmp_path / "file/log"), session_id="s", host_name="h")
    error = Profiler(own).future("Profile", request).exception()
    assert (error.code(), "Not a directory" in error.details()) == (grpc.StatusCode.INTERNAL, True)


@pytest.mark.parametrize("method", ["Monitor", "StartContinuousProfiling", "StopContinuousProfiling", "GetSnapshot"])
def test_other_methods_are_unimplemented(own, method):
    error = Profiler(own).future(method, ProfileRequest()).exception()
    assert error.code() == grpc.StatusCode.UNIMPLEMENTED
    assert error.details() == (
        "unimplemented." if method == "Monitor" else f"{SERVICE}/{method} is not implemented by this server; use Profile"
    )


def test_answers_are_the_same_while_a_profile_is_taken(own):
    stub = own.prediction()
    request = predict_request("half_plus_two", {"x": numpy.float32([1.0, 2.0, 5.0])})
    before = stub.Predict(request, timeout=LONG)
    profiler = Profiler(own)
    profile = profiler.opened("s")
    with_deadline = [stub.Predict.future(request, timeout=LONG) for _ in range(20)]
    without = stub.Predict(request)
    profiler.call("Terminate", TerminateRequest(session_id="s"))
    assert all(call.result() == before for call in with_deadline) and without == before
    names = [name for events in operations(profile.result().xspace).values() for name, _ in events]
    # Calls that wait together share a run.
    assert 1 <= names.count("half_plus_two/1:serving_default") < 60


def test_shutdown_answers_an_open_profile():
    with apus_serve({"half_plus_two": MODELS / "half_plus_two"}) as server:
        server.wait_until_ready()
        profiler = Profiler(server)
        profile = profiler.opened("s")
        server.signal(signal.SIGTERM)
        assert profile.result(timeout=LONG).empty_trace
        assert server.wait() == 0


@pytest.mark.parametrize("enabled", [True, False])
def test_enable_profiler_flag(enabled):
    with tensorflow_model_server(
        f"--port={free_port()}",
        "--model_name=m",
        f"--model_base_path={MODELS / 'half_plus_two'}",
        f"--enable_profiler={str(enabled).lower()}",
    ) as server:
        server.line("Running gRPC ModelServer")
        error = Profiler(server).future("Profile", ProfileRequest(emit_xspace=True)).exception()
        assert error is None if enabled else error.code() == grpc.StatusCode.UNIMPLEMENTED
