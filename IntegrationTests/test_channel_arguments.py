"""--grpc_channel_arguments: each argument that means something here, seen from a client."""

import re
import socket
import time

import grpc
import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions
import numpy
import pytest
from h2.settings import SettingCodes

from support.paths import MODELS
from support.server import free_port, run_program, tensorflow_model_server
from support.tensors import array, predict_request
from support.waiting import LONG, NotYet, eventually

HALF = MODELS / "half_plus_two"


def serve(arguments, *others, port=None):
    return tensorflow_model_server(
        *[f"--port={port or free_port()}", "--model_name=half", f"--model_base_path={HALF}"],
        f"--grpc_channel_arguments={arguments}",
        *others,
    )


def ask(stub, x=(2,), **options):
    request = predict_request("half", {"x": numpy.float32(x)})

    def look():
        try:
            return array(stub.Predict(request, timeout=LONG, **options).outputs["y"]).tolist()
        except grpc.RpcError as error:
            if error.code() == grpc.StatusCode.NOT_FOUND:
                raise NotYet(error.details())
            raise

    return eventually(look, "the model to answer")


def refusal(stub, **arguments):
    with pytest.raises(grpc.RpcError) as error:
        ask(stub, **arguments)
    return error.value.code(), error.value.details()


# ---- limits of messages and metadata ----


def test_message_lengths():
    with serve("grpc.max_receive_message_length=300,grpc.max_send_message_length=200") as server:
        stub = server.prediction()
        assert ask(stub) == [3.0]
        code, text = refusal(stub, x=range(100))
        assert code == grpc.StatusCode.RESOURCE_EXHAUSTED
        assert re.fullmatch(r"SERVER: Received message larger than max \((\d+ vs\. |limit )300\)", text), text
        code, text = refusal(stub, x=range(48))
        assert code == grpc.StatusCode.RESOURCE_EXHAUSTED
        assert text.startswith("SERVER: Sent message larger than max (") and text.endswith(" vs. 200)")


def test_metadata_size():
    metadata = [("x-long", "a" * 20_000)]
    with serve("grpc.max_metadata_size=40000") as server:
        assert ask(server.prediction(), metadata=metadata) == [3.0]
    with serve("grpc.optimization_target=latency") as server:
        stub = server.prediction()
        ask(stub)
        assert refusal(stub, metadata=metadata)[0] in {
            grpc.StatusCode.RESOURCE_EXHAUSTED,
            grpc.StatusCode.INTERNAL,
            grpc.StatusCode.UNAVAILABLE,
            grpc.StatusCode.UNKNOWN,
        }


# ---- what connections are told, and when they end ----


class Peer:
    """A connection of h2's that answers no PING, and collects what the server says of itself."""

    def __init__(self, server):
        self.socket = socket.create_connection(("127.0.0.1", server.grpc_port), LONG)
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True))
        self.h2.initiate_connection()
        self.flush()

    def flush(self):
        self.socket.sendall(self.h2.data_to_send())

    def events(self):
        """Events until the server closes. Frame by frame, as h2 takes nothing after a GOAWAY."""
        bytes_in = self.socket.makefile("rb")
        while header := bytes_in.read(9):
            frame = header + bytes_in.read(int.from_bytes(header[:3], "big"))
            try:
                yield from self.h2.receive_data(frame)
            except h2.exceptions.ProtocolError:
                pass

    def until(self, kind):
        for event in self.events():
            if isinstance(event, kind):
                return event
        raise AssertionError(f"the server closed without {kind.__name__}")


def test_settings_of_a_connection():
    with serve(
        "grpc.max_concurrent_streams=7,grpc.http2.max_frame_size=20000,grpc.http2.lookahead_bytes=100000,"
        "grpc.max_metadata_size=5000"
    ) as server:
        peer = Peer(server)
        settings = peer.until(h2.events.RemoteSettingsChanged).changed_settings
        assert settings[SettingCodes.MAX_CONCURRENT_STREAMS].new_value == 7
        assert settings[SettingCodes.MAX_FRAME_SIZE].new_value == 20_000
        assert settings[SettingCodes.INITIAL_WINDOW_SIZE].new_value == 100_000
        assert settings[SettingCodes.MAX_HEADER_LIST_SIZE].new_value == 5000


@pytest.mark.parametrize("argument", ["grpc.max_connection_idle_ms=500", "grpc.max_connection_age_ms=500"])
def test_idle_and_old_connections_are_told_to_go(argument):
    with serve(argument) as server:
        peer = Peer(server)
        assert peer.until(h2.events.ConnectionTerminated).error_code == 0
        for _ in peer.events():
            pass  # until the server closes


def test_a_client_goes_on_over_new_connections_when_they_grow_old():
    with serve("grpc.max_connection_age_ms=300,grpc.max_connection_age_grace_ms=1000") as server:
        stub = server.prediction()
        end = time.monotonic() + 4
        while time.monotonic() < end:
            assert ask(stub) == [3.0]


def test_a_quiet_connection_is_probed_and_closed():
    with serve("grpc.keepalive_time_ms=1000,grpc.keepalive_timeout_ms=1000,grpc.keepalive_permit_without_calls=1") as server:
        peer = Peer(server)
        assert peer.until(h2.events.PingReceived)
        # The answer that h2 prepared is never sent.
        assert peer.until(h2.events.ConnectionTerminated).additional_data == b"the peer did not answer a keepalive PING"


def test_too_many_pings():
    with serve(
        "grpc.http2.max_ping_strikes=1,grpc.http2.min_ping_interval_without_data_ms=60000,"
        "grpc.keepalive_permit_without_calls=1"
    ) as server:
        peer = Peer(server)
        for _ in range(3):
            peer.h2.ping(b"12345678")
        peer.flush()
        end = peer.until(h2.events.ConnectionTerminated)
        assert end.error_code == h2.errors.ErrorCodes.ENHANCE_YOUR_CALM and end.additional_data == b"too_many_pings"


def test_a_client_that_never_shakes_hands_is_cut_off_in_the_time_set():
    with serve("grpc.server_handshake_timeout_ms=500") as server:
        with socket.create_connection(("127.0.0.1", server.grpc_port), LONG) as silent:
            silent.settimeout(LONG)
            while silent.recv(4096):
                pass


def test_so_reuseport_lets_two_servers_share_a_port():
    port = free_port()
    with serve("grpc.so_reuseport=1", port=port) as first, serve("grpc.so_reuseport=1", port=port) as second:
        assert first.grpc_port == second.grpc_port == port
        assert ask(first.prediction()) == [3.0]
        done = run_program("tensorflow_model_server", f"--port={port}", "--model_name=half", f"--model_base_path={HALF}")
        assert done.returncode == 255 and "cannot listen for gRPC" in done.stdout


# ---- what is told ----


def test_arguments_without_a_meaning_and_unknown_ones_are_told_once():
    with serve("grpc.optimization_target=throughput,grpc.http2.bdp_probe=0,grpc.nonsense=1") as server:
        assert ask(server.prediction()) == [3.0]
        unused = "accepted and without effect on this server: grpc.optimization_target, grpc.http2.bdp_probe"
        assert server.output.count(unused) == 1
        assert server.output.count("grpc_channel_arguments: unknown: grpc.nonsense") == 1


@pytest.mark.parametrize(
    "arguments, problem",
    [
        ("grpc.max_concurrent_streams", 'has the part "grpc.max_concurrent_streams"; expected key=value parts'),
        ("grpc.so_reuseport=1,", 'has the part ""; expected key=value parts'),
        (
            "grpc.max_connection_age_ms=1h",
            'grpc.max_connection_age_ms is "1h"; expected a whole number from 1 to 2147483647',
        ),
    ],
)
def test_arguments_that_are_none_are_refused_at_start(arguments, problem):
    done = run_program(
        "tensorflow_model_server",
        *["--model_name=half", f"--model_base_path={HALF}", f"--grpc_channel_arguments={arguments}"],
    )
    assert done.returncode == 255
    assert done.stdout.startswith("Failed to start server. Error: INVALID_ARGUMENT: grpc_channel_arguments")
    assert problem in done.stdout


def test_thread_counts_are_accepted_and_told_once():
    with serve("", "--grpc_max_threads=4", "--rest_api_num_threads=8") as server:
        assert ask(server.prediction()) == [3.0]
        for flag in ["grpc_max_threads", "rest_api_num_threads"]:
            assert server.output.count(f"--{flag} is accepted and has no effect") == 1
