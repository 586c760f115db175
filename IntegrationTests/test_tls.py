"""TLS and mutual TLS: official clients against a real server with certificates made for the test."""

import os
import signal
import socket
import ssl
import subprocess

import grpc
import numpy
import pytest
import requests
from support.certificates import AUTHORITY, CLIENT, DAY, SERVER, make, ssl_config
from support.paths import MODELS
from support.server import CHANNEL_OPTIONS, apus_serve, free_port, run_program, short_temporary_folder, tensorflow_model_server
from support.tensors import array, predict_request
from support.waiting import LONG, NotYet, eventually
from tensorflow_serving.apis import prediction_service_pb2_grpc

HALF = MODELS / "half_plus_two"
PREDICT = "/v1/models/half:predict"


class Certificates:
    """What all tests here use, made once."""

    def __init__(self, folder):
        self.folder = folder
        self.authority = make(folder, "authority", AUTHORITY, common_name="test authority")
        self.server = make(folder, "server", SERVER, self.authority)
        self.renewed = make(folder, "renewed", SERVER, self.authority, valid=(-DAY, 60 * DAY), key="rsa")
        self.client = make(folder, "client", CLIENT, self.authority, common_name="client")
        self.expired = make(folder, "expired", SERVER, self.authority, valid=(-2 * DAY, -DAY))
        self.future = make(folder, "future", SERVER, self.authority, valid=(DAY, 2 * DAY))
        stranger = make(folder, "stranger", AUTHORITY, common_name="stranger")
        self.impostor = make(folder, "impostor", CLIENT, stranger, common_name="client")

    def write(self, name, text):
        path = self.folder / name
        path.write_text(text)
        return path


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    return Certificates(tmp_path_factory.mktemp("certificates"))


def secure_channel(address, certificates, client=None, name="localhost"):
    credentials = grpc.ssl_channel_credentials(
        root_certificates=certificates.authority.certificate.encode(),
        private_key=client and client.key.encode(),
        certificate_chain=client and client.certificate.encode(),
    )
    options = [*CHANNEL_OPTIONS, ("grpc.ssl_target_name_override", name)]
    return grpc.secure_channel(address, credentials, options=options)


def ask(channel, timeout=LONG):
    """One prediction, as soon as the model is there."""
    stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
    request = predict_request("half", {"x": numpy.float32([2])})

    def look():
        try:
            return array(stub.Predict(request, timeout=timeout).outputs["y"]).tolist()
        except grpc.RpcError as error:
            if error.code() == grpc.StatusCode.NOT_FOUND:
                raise NotYet(error.details())
            raise

    return eventually(look, "the model to answer")


def refused(channel):
    with pytest.raises(grpc.RpcError) as error:
        ask(channel)
    return error.value.code() == grpc.StatusCode.UNAVAILABLE


def ask_rest(server, certificates, client=None, **arguments):
    url = server.rest_url.replace("http://127.0.0.1", "https://localhost") + PREDICT
    pair = (client.certificate_path, client.key_path) if client else None
    response = requests.post(
        url, json={"instances": [2.0]}, verify=certificates.authority.certificate_path, cert=pair, timeout=LONG, **arguments
    )
    assert response.status_code == 200, response.text
    return response.json()["predictions"]


def served_certificate(port):
    """The certificate that a new connection is shown, as PEM."""
    return ssl.get_server_certificate(("127.0.0.1", port), timeout=LONG)


def same(pem, pair):
    return pem.split() == pair.certificate.split()


def pem_arguments(pair, client_authority=None):
    arguments = [f"--tls-cert={pair.certificate_path}", f"--tls-key={pair.key_path}"]
    return arguments + ([f"--tls-client-ca={client_authority.certificate_path}"] if client_authority else [])


# ---- --ssl_config_file ----


def test_ssl_config_file_is_tls_for_grpc_on_port_and_socket_and_leaves_rest_plain(certificates):
    config = certificates.write("ssl.config", ssl_config(certificates.server))
    with short_temporary_folder() as folder:
        socket_path = f"{folder}/grpc.sock"
        with tensorflow_model_server(
            f"--port={free_port()}",
            f"--rest_api_port={free_port()}",
            f"--grpc_socket_path={socket_path}",
            "--model_name=half",
            f"--model_base_path={HALF}",
            f"--ssl_config_file={config}",
        ) as server:
            with secure_channel(server.grpc_address, certificates) as channel:
                assert ask(channel) == [3.0]
            with secure_channel(f"unix:{socket_path}", certificates) as channel:
                assert ask(channel) == [3.0]
            assert server.post(PREDICT, {"instances": [2.0]}).json() == {"predictions": [3.0]}
            # A client in plain text is turned away, and the next one in TLS is served all the same.
            assert refused(server.channel())
            with secure_channel(server.grpc_address, certificates) as channel:
                assert ask(channel) == [3.0]


def test_client_verify_admits_only_clients_with_a_certificate_of_the_authority(certificates):
    text = ssl_config(certificates.server, certificates.authority.certificate, verify=True)
    config = certificates.write("mutual.config", text)
    with tensorflow_model_server(
        f"--port={free_port()}",
        f"--rest_api_port={free_port()}",
        "--model_name=half",
        f"--model_base_path={HALF}",
        f"--ssl_config_file={config}",
        f"--rest_ssl_config_file={config}",
    ) as server:
        with secure_channel(server.grpc_address, certificates, certificates.client) as channel:
            assert ask(channel) == [3.0]
        for client in [None, certificates.impostor]:
            with secure_channel(server.grpc_address, certificates, client) as channel:
                assert refused(channel)
        assert ask_rest(server, certificates, certificates.client) == [3.0]
        for client in [None, certificates.impostor]:
            with pytest.raises(requests.exceptions.ConnectionError):
                ask_rest(server, certificates, client)
        server.line("TLS handshakes failed")


def test_custom_ca_without_client_verify_asks_no_client_for_a_certificate(certificates):
    config = certificates.write("ca.config", ssl_config(certificates.server, certificates.authority.certificate))
    with tensorflow_model_server(
        f"--port={free_port()}", "--model_name=half", f"--model_base_path={HALF}", f"--ssl_config_file={config}"
    ) as server:
        with secure_channel(server.grpc_address, certificates) as channel:
            assert ask(channel) == [3.0]


# ---- apus serve ----


def test_apus_serves_grpc_and_rest_with_tls_from_pem_files(certificates):
    with apus_serve({"half": HALF}, *pem_arguments(certificates.server)) as server:
        with secure_channel(server.grpc_address, certificates) as channel:
            assert ask(channel) == [3.0]
        assert ask_rest(server, certificates) == [3.0]
        # One connection for many requests, and one that is closed after its answer.
        with requests.Session() as session:
            url = server.rest_url.replace("http://127.0.0.1", "https://localhost") + "/v2/health/ready"
            arguments = {"verify": certificates.authority.certificate_path, "timeout": LONG}
            for _ in range(3):
                assert session.get(url, **arguments).status_code == 200
            assert session.get(url, headers={"Connection": "close"}, **arguments).ok


@pytest.mark.parametrize("kind", ["ec", "rsa"])
def test_curl_speaks_http_1_1_over_tls_1_2_and_1_3(certificates, kind):
    pair = certificates.server if kind == "ec" else certificates.renewed
    with apus_serve({"half": HALF}, *pem_arguments(pair, certificates.authority)) as server:
        for version in ["1.2", "1.3"]:
            answer = subprocess.run(
                ["curl", "-sS", "-v", f"--tlsv{version}", "--tls-max", version]
                + ["--cacert", certificates.authority.certificate_path]
                + ["--cert", certificates.client.certificate_path, "--key", certificates.client.key_path]
                + [f"https://localhost:{server.rest_port}/v2/health/live"],
                capture_output=True,
                text=True,
                timeout=LONG,
            )
            assert answer.returncode == 0, answer.stderr
            assert "ALPN: server accepted http/1.1" in answer.stderr
            assert f"SSL connection using TLSv{version}" in answer.stderr


def test_tls_1_1_is_refused(certificates):
    with apus_serve({"half": HALF}, *pem_arguments(certificates.server)) as server:
        context = ssl.create_default_context(cafile=certificates.authority.certificate_path)
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
        with socket.create_connection(("127.0.0.1", server.grpc_port), LONG) as connection:
            with pytest.raises(ssl.SSLError):
                context.wrap_socket(connection, server_hostname="localhost")


def test_large_messages_pass_both_ways(certificates):
    x = numpy.arange(2_000_000, dtype=numpy.float32)
    with apus_serve({"half": HALF}, *pem_arguments(certificates.server)) as server:
        with secure_channel(server.grpc_address, certificates) as channel:
            ask(channel)
            stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
            answer = array(stub.Predict(predict_request("half", {"x": x}, content=True), timeout=LONG).outputs["y"])
        assert numpy.array_equal(answer, x * numpy.float32(0.5) + numpy.float32(2))


# ---- peers that do not speak TLS ----


@pytest.mark.parametrize(
    "said", [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"\x00" * 64, b"\x16\x03\x01\xff\xff"]
)
def test_plain_text_and_nonsense_get_the_connection_closed_at_once(certificates, said):
    with apus_serve({"half": HALF}, *pem_arguments(certificates.server)) as server:
        for port in [server.grpc_port, server.rest_port]:
            with socket.create_connection(("127.0.0.1", port), LONG) as connection:
                connection.sendall(said)
                connection.settimeout(LONG)
                while connection.recv(4096):
                    pass
        assert server.output.count("TLS handshakes failed") <= 2


def test_a_client_that_never_shakes_hands_is_cut_off(certificates):
    with apus_serve({"half": HALF}, *pem_arguments(certificates.server)) as server:
        with socket.create_connection(("127.0.0.1", server.rest_port), LONG) as silent:
            # Meanwhile others are served.
            assert ask_rest_when_ready(server, certificates) == [3.0]
            silent.settimeout(LONG)
            assert silent.recv(1) == b""
        server.line("it took too long.*TLS handshakes failed")


def ask_rest_when_ready(server, certificates):
    with secure_channel(server.grpc_address, certificates) as channel:
        ask(channel)
    return ask_rest(server, certificates)


def test_a_shutdown_does_not_wait_for_clients_that_do_not_answer(certificates):
    with apus_serve({"half": HALF}, *pem_arguments(certificates.server), "--drain-grace=1") as server:
        context = ssl.create_default_context(cafile=certificates.authority.certificate_path)
        connections = []
        for port in [server.grpc_port, server.rest_port]:
            raw = socket.create_connection(("127.0.0.1", port), LONG)
            connections.append(context.wrap_socket(raw, server_hostname="localhost"))
        connections.append(socket.create_connection(("127.0.0.1", server.grpc_port), LONG))
        server.signal(signal.SIGTERM)
        assert server.wait() == 0
        for connection in connections:
            connection.close()
