"""A version is served only when it is complete: its data files as long as its index says, its files as their list of
checksums says, and left alone for the settle time."""

import hashlib

import pytest
from support.model_config import config_list, model
from support.paths import MODELS
from support.server import apus_serve, tensorflow_model_server
from support.versions import publish, settle
from support.waiting import eventually

SOURCE = "half_plus_two_tf2"
SHARD = "variables/variables.data-00000-of-00001"


def checksums(folder, at_rest=True):
    """What `sha256sum $(find . -type f) > SHA256SUMS` writes there, its own empty list included."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != "SHA256SUMS"]
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  ./{path.relative_to(folder)}\n" for path in files]
    (folder / "SHA256SUMS").write_text("".join([*lines, f"{hashlib.sha256(b'').hexdigest()}  ./SHA256SUMS\n"]))
    return settle(folder) if at_rest else folder


def answer(server, name="half"):
    return server.post(f"/v1/models/{name}:predict", {"instances": [2.0]}).json()["predictions"]


def test_a_version_whose_data_file_is_too_short_is_passed_over(tmp_path):
    publish(SOURCE, tmp_path, 1)
    new = publish(SOURCE, tmp_path, 2)
    whole = (new / SHARD).read_bytes()
    (new / SHARD).write_bytes(whole[:-1])
    settle(new)
    with apus_serve({"half": tmp_path}, "--settle-ms=200") as server:
        server.wait_for("half", 1)
        server.line(f"{SHARD} has {len(whole) - 1} bytes; its index needs")
        assert server.versions("half") == {1: "AVAILABLE"}
        # The rest of the copy comes.
        (new / SHARD).write_bytes(whole)
        server.wait_for("half", 2)
        assert answer(server) == [3.0]


def test_files_are_held_to_their_checksums(tmp_path):
    checksums(publish(SOURCE, tmp_path, 1))
    new = checksums(publish(SOURCE, tmp_path, 2))
    graph = (new / "saved_model.pb").read_bytes()
    # As long as it was, and still a graph: nothing but the checksum tells.
    (new / "saved_model.pb").write_bytes(graph[:-1] + bytes([graph[-1] ^ 1]))
    settle(new)
    with apus_serve({"half": tmp_path}, "--settle-ms=200") as server:
        server.wait_for("half", 1)
        server.line("saved_model.pb has the SHA-256 [0-9a-f]{64}; SHA256SUMS lists")
        assert server.versions("half") == {1: "AVAILABLE"}
        (new / "saved_model.pb").write_bytes(graph)
        server.wait_for("half", 2)


def test_a_version_with_a_wrong_checksum_is_not_served_even_where_it_is_the_only_one(tmp_path):
    only = checksums(publish(SOURCE, tmp_path, 1))
    (only / "saved_model.pb").write_bytes((only / "saved_model.pb").read_bytes() + b"\x0a\x00")
    settle(only)
    with apus_serve({"half": tmp_path}, "--load-retries=0", "--settle-ms=200") as server:
        server.wait_for("half", 1, "END")
        status = server.version_status("half", 1).status
        assert status.error_code == 15  # DATA_LOSS
        assert f"Version 1 in {only} is not complete: saved_model.pb has the SHA-256 " in status.error_message
        assert server.post("/v1/models/half:predict", {"instances": [2.0]}).status_code == 404
        # Mended, it is served.
        checksums(only, at_rest=False)
        server.wait_for("half", 1)


def test_checksums_may_be_required_or_ignored(tmp_path):
    for name in ["strict", "lax"]:
        (tmp_path / name).mkdir()
    plain = publish(SOURCE, tmp_path / "strict", 1)
    wrong = checksums(publish(SOURCE, tmp_path / "lax", 1))
    (wrong / "SHA256SUMS").write_text("not a list\n")
    settle(wrong)
    config = tmp_path / "models.config"
    config.write_text(
        config_list(
            model("strict", tmp_path / "strict", "apus { checksums: REQUIRE }"),
            model("lax", tmp_path / "lax", "apus { checksums: IGNORE settle_milliseconds: 100 }"),
        )
    )
    with apus_serve({}, f"--config={config}", "--load-retries=0", "--settle-ms=200") as server:
        server.wait_for("lax", 1)
        server.wait_for("strict", 1, "END")
        assert "SHA256SUMS is missing, and is required" in server.version_status("strict", 1).status.error_message
        checksums(plain, at_rest=False)
        server.wait_for("strict", 1)


@pytest.mark.parametrize(
    ("more", "text"),
    [
        ("apus { settle_milliseconds: -1 }", "Model m asks for a settle time of -1 ms; expected 0 to 86400000"),
        ("apus { checksums: 9 }", "Model m asks for the checksums 9, which is not known"),
    ],
)
def test_settings_that_mean_nothing_end_the_start(tmp_path, more, text):
    config = tmp_path / "models.config"
    config.write_text(config_list(model("m", MODELS / "half_plus_two", more)))
    with apus_serve({}, f"--config={config}") as server:
        eventually(lambda: server.process.poll() is not None, "the server to end")
        server.wait()
        assert text in server.output


def test_the_flags_of_tensorflow_model_server(tmp_path):
    publish(SOURCE, tmp_path, 1)
    arguments = [f"--model_base_path={tmp_path}", "--model_name=half", "--port=0", "--max_num_load_retries=0"]
    socket = f"--grpc_socket_path={tmp_path}/s"
    with tensorflow_model_server(*arguments, socket, "--model_checksums=require", "--model_settle_ms=0") as server:
        server.line("SHA256SUMS is missing, and is required")
    with tensorflow_model_server(*arguments, socket, "--model_checksums=maybe") as server:
        assert server.wait() != 0
        assert "--model_checksums is maybe; expected one of verify, require, ignore" in server.output
