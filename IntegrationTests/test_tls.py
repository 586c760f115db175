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
    config = certificates.write("slow.config", ssl_config(certificates.server))
    with tensorflow_model_server(
        *[f"--port={free_port()}", "--model_name=half", f"--model_base_path={HALF}", f"--ssl_config_file={config}"],
        "--grpc_channel_arguments=grpc.server_handshake_timeout_ms=1000",
    ) as server:
        with socket.create_connection(("127.0.0.1", server.grpc_port), LONG) as silent:
            # Meanwhile others are served.
            with secure_channel(server.grpc_address, certificates) as channel:
                assert ask(channel) == [3.0]
            silent.settimeout(LONG)
            assert silent.recv(1) == b""
        server.line("it took too long.*TLS handshakes failed")


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


# ---- what is refused at start ----


def start_refusal(*arguments):
    """The text on stdout of a tensorflow_model_server that does not start."""
    done = run_program(
        "tensorflow_model_server", f"--port={free_port()}", "--model_name=half", f"--model_base_path={HALF}", *arguments
    )
    assert done.returncode == 255, done.stdout + done.stderr
    assert done.stdout.startswith("Failed to start server. Error: ")
    return done.stdout.strip().removeprefix("Failed to start server. Error: "), done.stderr


def mixed(certificates, key, certificate):
    """The text of an SSLConfig with parts of two pairs."""
    text = ssl_config(certificate)
    return text.replace(text.splitlines()[0], ssl_config(key).splitlines()[0])


REFUSALS = {
    "wrong key": (
        lambda c: mixed(c, c.renewed, c.server),
        "the private key in server_key of {path} does not belong to the first certificate in server_cert of {path}",
    ),
    "expired": (lambda c: ssl_config(c.expired), "the certificate in server_cert of {path} expired on 20"),
    "not yet valid": (lambda c: ssl_config(c.future), "the certificate in server_cert of {path} is not valid before 20"),
    "nothing": (lambda c: "", "server_cert of {path} is empty; expected the PEM text of a certificate"),
    "paths in place of texts": (
        lambda c: f'server_key: "{c.server.key_path}" server_cert: "{c.server.certificate_path}"',
        "server_cert of {path} holds no certificate; expected PEM text with a CERTIFICATE block",
    ),
    "garbage": (
        lambda c: ssl_config(c.server).replace("MII", "???"),
        "a certificate in server_cert of {path} cannot be read; expected PEM of X.509 certificates",
    ),
    "an authority that is none": (
        lambda c: ssl_config(c.server, c.client.certificate, verify=True),
        "certificate 1 in custom_ca of {path} is not an authority's; expected one whose basic constraints say CA:TRUE",
    ),
    "no authority to verify clients": (
        lambda c: ssl_config(c.server, verify=True),
        "clients must show a certificate (client_verify), but no authority is named that may sign it",
    ),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_credentials_that_cannot_work_are_refused_at_start(certificates, name):
    text, expected = REFUSALS[name]
    path = certificates.write("bad.config", text(certificates))
    refusal, _ = start_refusal(f"--ssl_config_file={path}")
    assert refusal.startswith("INVALID_ARGUMENT: " + expected.format(path=path)), refusal


def test_a_missing_ssl_config_file_and_one_that_is_no_text_format(certificates):
    refusal, _ = start_refusal("--ssl_config_file=/nowhere/ssl.config")
    assert refusal == "NOT_FOUND: /nowhere/ssl.config; No such file or directory"
    path = certificates.write("bad.config", "server_key: {\nno_such: 1")
    refusal, errors = start_refusal(f"--ssl_config_file={path}")
    assert refusal == f"INVALID_ARGUMENT: Invalid protobuf file: '{path}'"
    assert "Error parsing text-format tensorflow.serving.SSLConfig: 1:13: " in errors


@pytest.mark.parametrize("missing", ["cert", "key", "client-ca"])
def test_apus_names_the_file_that_is_missing(certificates, missing):
    arguments = pem_arguments(certificates.server, certificates.authority)
    arguments = [a if not a.startswith(f"--tls-{missing}=") else f"--tls-{missing}=/nowhere.pem" for a in arguments]
    done = run_program("apus", "serve", "--port=0", f"--model=half={HALF}", *arguments)
    assert done.returncode == 1
    assert "NOT_FOUND: /nowhere.pem; No such file or directory" in done.stderr


def test_apus_wants_certificate_and_key_together(certificates):
    done = run_program("apus", "serve", f"--model=half={HALF}", f"--tls-cert={certificates.server.certificate_path}")
    assert done.returncode == 64 and "--tls-cert and --tls-key belong together" in done.stderr
    done = run_program("apus", "serve", f"--model=half={HALF}", "--tls-client-ca=/a")
    assert done.returncode == 64 and "--tls-client-ca needs --tls-cert and --tls-key" in done.stderr


# ---- renewal ----


def replace(path, text):
    """As a renewal should be written: at once."""
    temporary = path.with_suffix(".new")
    temporary.write_text(text)
    os.replace(temporary, path)


def test_a_renewed_certificate_is_used_by_new_connections_and_a_wrong_one_is_not(certificates, tmp_path):
    certificate, key = tmp_path / "tls.crt", tmp_path / "tls.key"
    certificate.write_text(certificates.server.certificate)
    key.write_text(certificates.server.key)
    with apus_serve({"half": HALF}, f"--tls-cert={certificate}", f"--tls-key={key}") as server:
        with secure_channel(server.grpc_address, certificates) as before:
            assert ask(before) == [3.0]
            assert same(served_certificate(server.grpc_port), certificates.server)

            # One after the other: a look in between finds a key that does not fit, and keeps what is there.
            replace(certificate, certificates.renewed.certificate)
            replace(key, certificates.renewed.key)
            server.signal(signal.SIGHUP)
            for port in [server.grpc_port, server.rest_port]:
                eventually(lambda: same(served_certificate(port), certificates.renewed), "the new certificate")
            server.line(r"expires=.* The TLS certificate was read again")

            for text, reason in [
                (certificates.expired.certificate, "expired on"),
                (certificates.server.certificate, "does not belong to the first certificate"),
                ("", "is empty; expected the PEM text of a certificate"),
            ]:
                replace(certificate, text)
                server.signal(signal.SIGHUP)
                server.line(rf"{reason}.*The new TLS certificate is refused; the one before stays in use")
                assert same(served_certificate(server.grpc_port), certificates.renewed)

            # Without a signal: the file is looked at.
            replace(certificate, certificates.server.certificate)
            replace(key, certificates.server.key)
            eventually(lambda: same(served_certificate(server.rest_port), certificates.server), "the old one again")
            assert same(served_certificate(server.grpc_port), certificates.server)
            assert ask(before) == [3.0], "a connection of before goes on"


def test_an_ssl_config_file_is_looked_at_too(certificates, tmp_path):
    config = tmp_path / "ssl.config"
    config.write_text(ssl_config(certificates.server))
    with tensorflow_model_server(
        f"--port={free_port()}", "--model_name=half", f"--model_base_path={HALF}", f"--ssl_config_file={config}"
    ) as server:
        port = server.grpc_port
        assert same(served_certificate(port), certificates.server)
        replace(config, "server_key: 1")
        server.line("Invalid protobuf file.*The new TLS certificate is refused")
        assert same(served_certificate(port), certificates.server)
        replace(config, ssl_config(certificates.renewed))
        eventually(lambda: same(served_certificate(port), certificates.renewed), "the new certificate")
