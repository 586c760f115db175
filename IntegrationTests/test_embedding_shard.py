"""Shards of embeddings, served without TensorFlow, called by the official client of TensorFlow Serving."""

import itertools
import os
import re
import signal
import threading

import grpc
import numpy
import pytest
from google.protobuf import any_pb2
from tensorflow_serving.apis import get_model_metadata_pb2

from support.embedding_shards import SHARED_NAME, Table, multi_shard, plain_shard
from support.server import apus_serve, tensorflow_model_server
from support.tensors import array, predict_request
from support.versions import settle
from support.waiting import LONG, NotYet, eventually

QUICK = ["--load-retries=0", "--load-retry-seconds=0", "--settle-ms=0"]
RAW_ASSIGN = f"{SHARED_NAME}/raw_assign"


def tables():
    return [
        Table("mov", 2, {1: [1, 2], 7: [3, 4], -5: [5, 6]}),
        Table("uid", 3, {1: [7, 8, 9], 4: [1, 1, 1]}),
    ]


def ids(*values):
    return numpy.array(values, "int64")


def floats(*values):
    return numpy.array(values, "float32")


def call(stub, model, signature, **inputs):
    request = predict_request(model, inputs, signature=signature)
    return {name: array(value) for name, value in stub.Predict(request, timeout=LONG).outputs.items()}


def refusal(stub, model, signature, **inputs):
    with pytest.raises(grpc.RpcError) as error:
        call(stub, model, signature, **inputs)
    return error.value.code(), error.value.details()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("shards")


@pytest.fixture(scope="module")
def server(folder):
    settle(multi_shard(folder / "ps_0" / "1", tables()))
    settle(plain_shard(folder / "ps_1" / "1", tables()))
    elsewhere = "hdfs://namenode/ckpt/model.ckpt-7.assets/"
    settle(multi_shard(folder / "ps_2" / "1", tables(), base=elsewhere, dump=folder / "ckpt/model.ckpt-7.assets"))
    models = {name: folder / name for name in ["ps_0", "ps_1", "ps_2"]}
    with apus_serve(
        models,
        *QUICK,
        f"--embedding-cache-dir={folder}/cache",
        f"--embedding-path-prefix=hdfs://namenode={folder}",
    ) as server:
        server.wait_until_ready()
        yield server
        server.check_running()


@pytest.fixture(scope="module")
def stub(server):
    return server.prediction()


@pytest.mark.parametrize("model", ["ps_0", "ps_1", "ps_2"])
def test_rows_are_looked_up_and_missing_ones_are_zeros(stub, model):
    rows = call(stub, model, "lookup", mov=ids(7, 99, -5), uid=ids(1))
    assert rows["mov"].tolist() == [[3, 4], [0, 0], [5, 6]]
    assert rows["uid"].tolist() == [[7, 8, 9]]


def test_tensorflow_is_not_loaded(server):
    with open(f"/proc/{server.process.pid}/maps") as maps:
        mapped = maps.read()
    assert "libtensorflow" not in mapped
    assert ".emb" in mapped


def test_rows_of_all_tables_in_one_tensor(stub):
    rows = call(stub, "ps_0", "raw_lookup", id=ids(7, 1, 1), id_split=ids(0, 2, 3))
    assert rows["flat_emb"].tolist() == [3, 4, 1, 2, 7, 8, 9]
    # Two requests in one.
    rows = call(stub, "ps_0", "raw_lookup", id=ids(1, 4, -5), id_split=ids(0, 1, 2, 3, 3))
    assert rows["flat_emb"].tolist() == [1, 2, 1, 1, 1, 5, 6]


def test_only_the_outputs_of_the_filter_come(stub):
    request = predict_request("ps_0", {"mov": ids(7), "uid": ids(1)}, signature="lookup")
    request.output_filter.append("uid")
    assert list(stub.Predict(request, timeout=LONG).outputs) == ["uid"]


def test_pushed_rows_are_served_at_once(stub):
    assert call(stub, "ps_2", "lookup", mov=ids(7, 50), uid=ids())["mov"].tolist() == [[3, 4], [0, 0]]
    pushed = call(
        stub, "ps_2", RAW_ASSIGN, id=ids(7, 50, 1), id_split=ids(0, 2, 3), flat_value=floats(9, 8, 7, 6, 5, 4, 3)
    )
    assert pushed["result"].tolist() == 0
    rows = call(stub, "ps_2", "lookup", mov=ids(1, 7, 50), uid=ids(1))
    assert rows["mov"].tolist() == [[1, 2], [9, 8], [7, 6]]
    assert rows["uid"].tolist() == [[5, 4, 3]]


def test_rows_are_pushed_to_plain_tables_by_name(stub):
    pushed = call(
        stub,
        "ps_1",
        "hashtable_assign",
        mov_id=ids(20, 21),
        mov_value=floats([1, 1], [2, 2]),
        uid_id=ids(),
        uid_value=numpy.zeros([0, 3], "float32"),
    )
    assert pushed["mov_result"].tolist() == 2 and pushed["uid_result"].tolist() == 0
    assert call(stub, "ps_1", "lookup", mov=ids(20, 21), uid=ids())["mov"].tolist() == [[1, 1], [2, 2]]


@pytest.mark.parametrize(
    ("signature", "inputs", "reason"),
    [
        ("raw_lookup", {"id": ids(1), "id_split": ids(0, 1)}, "id_split must be 3. Current: 2"),
        ("raw_lookup", {"id": ids(1), "id_split": ids(0, 2, 1)}, "must not fall"),
        ("raw_lookup", {"id": floats(1), "id_split": ids(0, 1, 1)}, "input id of signature raw_lookup"),
        ("lookup", {"mov": ids(1), "other": ids(1)}, "other"),
        (
            RAW_ASSIGN,
            {"id": ids(1, 70), "id_split": ids(0, 1, 2), "flat_value": floats(0, 0)},
            "the rows have 2 numbers; the ids of 2 tables need 5",
        ),
    ],
)
def test_requests_that_do_not_fit_are_refused_whole(stub, signature, inputs, reason):
    code, details = refusal(stub, "ps_0", signature, **inputs)
    assert code == grpc.StatusCode.INVALID_ARGUMENT
    assert reason in details
    assert call(stub, "ps_0", "lookup", mov=ids(1), uid=ids(70))["mov"].tolist() == [[1, 2]]


def test_pushes_of_unknown_tables_are_refused(stub):
    code, details = refusal(stub, "ps_0", "OtherTable_0/raw_assign", id=ids(1))
    assert code in (grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.FAILED_PRECONDITION)
    assert "OtherTable_0/raw_assign" in details
    code, details = refusal(
        stub, "ps_1", "hashtable_assign", mov_id=ids(1), mov_value=floats([1, 1]), other_id=ids(1), other_value=floats([1])
    )
    assert code == grpc.StatusCode.INVALID_ARGUMENT and "other_id" in details


def test_metadata_shows_the_signatures(stub):
    request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
    request.model_spec.name = "ps_0"
    metadata = stub.GetModelMetadata(request, timeout=LONG).metadata["signature_def"]
    signatures = get_model_metadata_pb2.SignatureDefMap()
    assert any_pb2.Any.Unpack(metadata, signatures)
    assert set(signatures.signature_def) == {"lookup", "raw_lookup", "hashtable_assign", RAW_ASSIGN}
    mov = signatures.signature_def["lookup"].outputs["mov"]
    assert [dim.size for dim in mov.tensor_shape.dim] == [-1, 2]


def test_metrics_tell_of_the_tables(server, stub, folder):
    call(stub, "ps_1", "hashtable_assign", mov_id=ids(1), mov_value=floats([1, 2]), uid_id=ids(), uid_value=numpy.zeros([0, 3], "float32"))
    page = server.get("/metrics").text
    labels = f'path="{folder}/ps_1/1",table="mov"'
    assert re.search(r"apus_embedding_rows\{" + re.escape(labels) + r"\} [3-9]", page), page
    since = re.search(r"apus_embedding_seconds_since_last_update\{" + re.escape(labels) + r"\} (\d+)", page)
    assert since and int(since[1]) < LONG
    assert f'apus_embedding_seconds_since_last_update{{path="{folder}/ps_1/1",table="uid"}}' not in page


def test_rest_looks_up_too(server):
    answer = server.post(
        "/v1/models/ps_0:predict", {"signature_name": "lookup", "inputs": {"mov": [7, 99], "uid": [1]}}
    )
    assert answer.status_code == 200, answer.text
    assert answer.json()["outputs"] == {"mov": [[3, 4], [0, 0]], "uid": [[7, 8, 9]]}


def damaged_record(folder):
    file = folder / "assets" / f"MonolithHashTable_{0:032x}_0-00000-of-00001"
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    return f"{file}, record 1"


def missing_file(folder):
    file = folder / "assets" / f"MonolithHashTable_{0:032x}_0-00000-of-00001"
    file.rename(file.with_name(file.name.replace("of-00001", "of-00002")))
    return "-00001-of-00002 is missing"


def wrong_width(folder):
    wide = [Table("mov", 5), Table("uid", 3)]
    plain_shard(folder.parent / ".other", wide)
    (folder.parent / ".other" / "saved_model.pb").rename(folder / "saved_model.pb")
    return "record 0"


@pytest.mark.parametrize("damage", [damaged_record, missing_file, wrong_width])
def test_a_version_that_cannot_be_served_says_why_and_the_old_one_goes_on(tmp_path, damage):
    base = tmp_path / "ps"
    settle(plain_shard(base / "1", tables()))
    arguments = [*QUICK, f"--embedding-cache-dir={tmp_path}/cache"]
    with apus_serve({"ps": base}, *arguments) as server:
        server.wait_until_ready()
        stub = server.prediction()
        part = plain_shard(tmp_path / "part", tables())
        reason = damage(part).replace(str(part), str(base / "2"))
        settle(part)
        os.rename(part, base / "2")

        def look():
            versions = server.versions("ps")
            if versions.get(2) != "END":
                raise NotYet(f"{versions}")
            return server.version_status("ps", 2)

        status = eventually(look, "version 2 to fail", check=server.check_running)
        assert reason in status.status.error_message
        assert str(base / "2") in status.status.error_message
        assert server.versions("ps")[1] == "AVAILABLE"
        assert call(stub, "ps", "lookup", mov=ids(7), uid=ids())["mov"].tolist() == [[3, 4]]


def test_a_new_version_takes_over_and_a_restart_imports_nothing(tmp_path):
    base = tmp_path / "ps"
    settle(multi_shard(base / "1", tables()))
    arguments = [*QUICK, f"--embedding-cache-dir={tmp_path}/cache"]
    with apus_serve({"ps": base}, *arguments) as server:
        server.wait_until_ready()
        stub = server.prediction()
        assert call(stub, "ps", "lookup", mov=ids(7), uid=ids())["mov"].tolist() == [[3, 4]]
        newer = tables()
        newer[0].rows[7] = [30, 40]
        settle(multi_shard(tmp_path / "part", newer))
        os.rename(tmp_path / "part", base / "2")
        server.wait_for("ps", 2)
        assert call(stub, "ps", "lookup", mov=ids(7), uid=ids())["mov"].tolist() == [[30, 40]]
    with apus_serve({"ps": base}, *arguments) as server:
        server.wait_until_ready()
        assert call(server.prediction(), "ps", "lookup", mov=ids(7), uid=ids())["mov"].tolist() == [[30, 40]]
        assert "were imported" not in server.output


def push(stub, model, row):
    call(stub, model, RAW_ASSIGN, id=ids(7, 50), id_split=ids(0, 2, 2), flat_value=floats(*row, 1, 1))


def rows_of_7(stub, model):
    return call(stub, model, "lookup", mov=ids(7, 50), uid=ids())["mov"].tolist()


def test_pushes_outlive_the_server(tmp_path):
    base = tmp_path / "ps"
    settle(multi_shard(base / "1", tables()))
    arguments = [*QUICK, f"--embedding-cache-dir={tmp_path}/cache"]
    for sync in ["always", "second", "never"]:
        with apus_serve({"ps": base}, *arguments, f"--embedding-journal-sync={sync}") as server:
            server.wait_until_ready()
            push(server.prediction(), "ps", [9, len(sync)])
        with apus_serve({"ps": base}, *arguments) as server:
            server.wait_until_ready()
            assert rows_of_7(server.prediction(), "ps") == [[9, len(sync)], [1, 1]]
            assert "pushed rows of" in server.output
            page = server.get("/metrics").text
            since = re.search(r'seconds_since_last_update\{path="[^"]*",table="mov"\} (\d+)', page)
            assert since and int(since[1]) < LONG


def test_pushes_outlive_the_version(tmp_path):
    base = tmp_path / "ps"
    settle(multi_shard(base / "1", tables()))
    arguments = [*QUICK, f"--embedding-cache-dir={tmp_path}/cache"]
    with apus_serve({"ps": base}, *arguments) as server:
        server.wait_until_ready()
        stub = server.prediction()
        push(stub, "ps", [9, 9])
        settle(multi_shard(tmp_path / "part", tables()))
        os.rename(tmp_path / "part", base / "2")
        server.wait_for("ps", 2)
        # The dump is the newer file, and says that its row is older than the push.
        assert rows_of_7(stub, "ps")[0] == [9, 9]
        push(stub, "ps", [8, 8])
        assert rows_of_7(stub, "ps") == [[8, 8], [1, 1]]


def test_every_push_that_was_answered_outlives_a_kill(tmp_path):
    base = tmp_path / "ps"
    settle(multi_shard(base / "1", tables()))
    arguments = [*QUICK, f"--embedding-cache-dir={tmp_path}/cache"]
    answered, errors = [], []
    with apus_serve({"ps": base}, *arguments, "--embedding-journal-sync=always") as server:
        server.wait_until_ready()

        def run(worker):
            stub = server.prediction()
            for number in itertools.count(1):
                id = 1_000 + 1_000_000 * worker + number
                try:
                    call(stub, "ps", RAW_ASSIGN, id=ids(id), id_split=ids(0, 1, 1), flat_value=floats(worker, number))
                except grpc.RpcError as error:
                    errors.append(error.code())
                    return
                answered.append((id, [worker, number]))

        threads = [threading.Thread(target=run, args=(worker,)) for worker in range(4)]
        for thread in threads:
            thread.start()
        eventually(lambda: len(answered) > 400, "400 pushes", check=server.check_running)
        server.signal(signal.SIGKILL)
        server.wait()
        for thread in threads:
            thread.join()
    assert errors == [grpc.StatusCode.UNAVAILABLE] * 4
    with apus_serve({"ps": base}, *arguments) as server:
        server.wait_until_ready()
        rows = call(server.prediction(), "ps", "lookup", mov=ids(*[id for id, _ in answered]), uid=ids())["mov"]
        assert rows.tolist() == [row for _, row in answered]


def test_a_full_journal_holds_pushes_up_and_loses_none(tmp_path):
    base = tmp_path / "ps"
    settle(multi_shard(base / "1", tables()))
    arguments = [*QUICK, f"--embedding-cache-dir={tmp_path}/cache"]
    count = 20_000
    with apus_serve({"ps": base}, *arguments, f"--embedding-journal-bytes={1 << 20}") as server:
        server.wait_until_ready()
        stub = server.prediction()

        def push_all(value):
            values = numpy.full(2 * count, value, "float32")
            call(stub, "ps", RAW_ASSIGN, id=numpy.arange(count), id_split=ids(0, count, count), flat_value=values)

        refusals, value = [], 0
        while value < 5:
            try:
                push_all(value + 1)
                value += 1
            except grpc.RpcError as error:
                assert error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
                pushback = dict(error.trailing_metadata()).get("grpc-retry-pushback-ms")
                assert pushback is not None and "--embedding-journal-bytes" in error.details()
                # What was refused was not taken in part.
                assert rows_of_7(stub, "ps") == [[value, value]] * 2
                refusals.append(int(pushback))
                threading.Event().wait(refusals[-1] / 1000)
        assert refusals
    with apus_serve({"ps": base}, *arguments) as server:
        server.wait_until_ready()
        assert rows_of_7(server.prediction(), "ps") == [[5, 5], [5, 5]]


def test_without_a_journal_pushes_end_with_the_server(tmp_path):
    base = tmp_path / "ps"
    settle(multi_shard(base / "1", tables()))
    arguments = [*QUICK, f"--embedding-cache-dir={tmp_path}/cache", "--embedding-journal-bytes=0"]
    with apus_serve({"ps": base}, *arguments) as server:
        server.wait_until_ready()
        push(server.prediction(), "ps", [9, 9])
    with apus_serve({"ps": base}, *arguments) as server:
        server.wait_until_ready()
        assert rows_of_7(server.prediction(), "ps") == [[3, 4], [0, 0]]


def test_a_shard_in_a_process_of_its_own(tmp_path):
    settle(multi_shard(tmp_path / "ps" / "1", tables()))
    arguments = [*QUICK, f"--embedding-cache-dir={tmp_path}/cache", "--isolate=ps"]
    with apus_serve({"ps": tmp_path / "ps"}, *arguments) as server:
        server.wait_until_ready()
        stub = server.prediction()
        call(stub, "ps", RAW_ASSIGN, id=ids(7, 1), id_split=ids(0, 1, 2), flat_value=floats(9, 8, 7, 6, 5))
        rows = call(stub, "ps", "raw_lookup", id=ids(7, 1), id_split=ids(0, 1, 2))
        assert rows["flat_emb"].tolist() == [9, 8, 7, 6, 5]


def test_the_flags_of_tensorflow_model_server(tmp_path):
    settle(multi_shard(tmp_path / "ps" / "1", tables(), base="hdfs://node/a/", dump=tmp_path / "there" / "a"))
    arguments = [
        "--port=0",
        f"--grpc_socket_path={tmp_path}/s",
        "--model_name=ps",
        f"--model_base_path={tmp_path}/ps",
        "--max_num_load_retries=0",
        f"--embedding_cache_dir={tmp_path}/cache",
    ]
    prefixes = f"--embedding_path_prefixes=hdfs://other=/nowhere,hdfs://node={tmp_path}/there"
    with tensorflow_model_server(*arguments, prefixes, "--embedding_huge_pages", "--enable_batching") as server:
        server.line("model=ps state=AVAILABLE")
        stub = server.prediction(server.channel(f"unix:{tmp_path}/s"))
        rows = call(stub, "ps", "raw_lookup", id=ids(7, 1, 4), id_split=ids(0, 1, 3))
        assert rows["flat_emb"].tolist() == [3, 4, 7, 8, 9, 1, 1, 1]
    for flag, reason in [
        ("--embedding_path_prefixes=hdfs://node", "expected FOREIGN=LOCAL"),
        ("--embedding_update_bytes=5", "may have 5 bytes"),
        ("--embedding_journal_bytes=5", "may have 5 bytes"),
        ("--embedding_journal_sync=often", "expected always, second or never"),
    ]:
        with tensorflow_model_server(*arguments, flag) as server:
            assert server.wait() != 0
            assert reason in server.output
