"""Models that have their embedding tables in their own graph, and entries whose tables are merged, asked by TensorFlow Serving's
own client."""

import re

import grpc
import numpy
import pytest

from support.embedding_shards import plain_shard
from support.entry_models import TABLES
from support.server import apus_serve
from support.standalone_models import (
    SHARED_NAME,
    filled_tables,
    write_merged_entry,
    write_plain_standalone,
    write_standalone,
)
from support.tensors import array, predict_request
from support.versions import settle
from support.waiting import LONG, NotYet, eventually

QUICK = ["--load-retries=0", "--load-retry-seconds=0", "--settle-ms=0", "--poll-seconds=1"]
RAW_ASSIGN = f"{SHARED_NAME}/raw_assign"
# Those that are in the tables; -4 is a user's or a movie's like any other.
IDS = [*range(300), -4]
FOREIGN = "hdfs://namenode/ckpt/model.ckpt-7.assets/"


def expected(name, ids, factor=1):
    rows = {table.name: table.rows for table in filled_tables(IDS, factor)}[name]
    return numpy.float32([rows.get(int(id), [0] * TABLES[name]) for id in ids]).reshape(-1, TABLES[name])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("standalone")


@pytest.fixture(scope="module")
def server(folder):
    tables = filled_tables(IDS)
    write_standalone(folder / "multi" / "1", tables)
    write_plain_standalone(folder / "plain" / "1", tables)
    write_standalone(folder / "elsewhere" / "1", tables, base=FOREIGN, dump=folder / "there" / "model.ckpt-7.assets")
    write_standalone(folder / "changing" / "1", tables)
    write_standalone(folder / "lost" / "1", tables, base=f"{folder}/nowhere/", dump=False)
    write_standalone(folder / "foreign" / "1", tables, base="s3://bucket/a/", dump=False)
    write_merged_entry(folder / "entry" / "1")
    for index in range(3):
        settle(plain_shard(folder / f"ps_{index}" / "1", filled_tables([id for id in IDS if id % 3 == index])))
    names = ["multi", "plain", "elsewhere", "changing", "lost", "foreign"]
    models = {name: folder / name for name in names} | {"merged:entry": folder / "entry"}
    models |= {f"merged:ps_{index}": folder / f"ps_{index}" for index in range(3)}
    prefix = f"--embedding-path-prefix=hdfs://namenode/ckpt={folder}/there"
    with apus_serve(models, *QUICK, f"--embedding-cache-dir={folder}/cache", prefix) as server:
        for name in models:
            if name not in ["lost", "foreign"]:
                server.wait_for(name, 1)
        yield server
        server.check_running()


@pytest.fixture(scope="module")
def stub(server):
    return server.prediction()


def ids(*values):
    return numpy.array(values, "int64")


def floats(*values):
    return numpy.array(values, "float32")


def call(stub, model, signature="serving_default", **inputs):
    request = predict_request(model, inputs, signature=signature)
    return {name: array(value) for name, value in stub.Predict(request, timeout=LONG).outputs.items()}


def refusal(stub, model, signature, **inputs):
    with pytest.raises(grpc.RpcError) as error:
        call(stub, model, signature, **inputs)
    return error.value.code(), error.value.details()


def check_flat(stub, model, mov, uid, factor=1):
    answer = call(stub, model, mov=ids(*mov), uid=ids(*uid))
    rows = [expected("mov", mov, factor), expected("uid", uid, factor)]
    numpy.testing.assert_array_equal(answer["flat"], numpy.concatenate([part.ravel() for part in rows]))
    numpy.testing.assert_allclose(answer["score"], rows[0].sum(1) + rows[1].sum(1))


@pytest.mark.parametrize("model", ["multi", "elsewhere"])
@pytest.mark.parametrize("count", [0, 1, 500])
def test_rows_of_the_graph_s_own_tables(stub, model, count):
    # About half of them are in no table.
    mov, uid = numpy.random.default_rng(count).integers(-5, 600, [2, count])
    check_flat(stub, model, mov, uid)


def test_several_requests_in_one_lookup(stub):
    answer = call(stub, "multi", "raw_lookup", id=ids(3, 4, 5, 999), id_split=ids(0, 1, 2, 2, 4))
    rows = [expected("mov", [3]), expected("uid", [4]), expected("uid", [5, 999])]
    numpy.testing.assert_array_equal(answer["flat_emb"], numpy.concatenate([part.ravel() for part in rows]))


@pytest.mark.parametrize("model", ["plain", "merged:entry"])
@pytest.mark.parametrize("count", [0, 1, 500])
def test_rows_of_merged_tables(stub, model, count):
    mov, uid = numpy.random.default_rng(count).integers(-5, 600, [2, count])
    answer = call(stub, model, mov=ids(*mov), uid=ids(*uid))
    rows = {"mov": expected("mov", mov), "uid": expected("uid", uid)}
    for name in TABLES:
        numpy.testing.assert_array_equal(answer[f"{name}_rows"], rows[name])
    numpy.testing.assert_allclose(answer["score"], rows["mov"].sum(1) + rows["uid"].sum(1))


def test_pushed_rows_are_served_at_once(stub):
    pushed = call(
        stub, "elsewhere", RAW_ASSIGN, id=ids(7, 5000, 1), id_split=ids(0, 2, 3), flat_value=floats(*range(7))
    )
    assert pushed["result"].tolist() == 0
    answer = call(stub, "elsewhere", mov=ids(5000, 7, 8), uid=ids(1, 2, 1))
    assert answer["flat"][:4].tolist() == [2, 3, 0, 1]
    assert answer["flat"][6:9].tolist() == [4, 5, 6]
    # A model of the same tables has its own.
    check_flat(stub, "multi", [5000, 7, 8], [1, 2, 1])
    pushed = call(
        stub,
        "plain",
        "hashtable_assign",
        mov_id=ids(7, 5000),
        mov_value=floats([1, 2], [3, 4]),
        uid_id=ids(),
        uid_value=numpy.zeros([0, 3], "float32"),
    )
    assert pushed["mov_result"].tolist() == 2 and pushed["uid_result"].tolist() == 0
    assert call(stub, "plain", mov=ids(5000, 7), uid=ids(1, 1))["mov_rows"].tolist() == [[3, 4], [1, 2]]


@pytest.mark.parametrize(
    ("model", "signature", "inputs", "reason"),
    [
        ("multi", "raw_lookup", {"id": ids(1), "id_split": ids(0, 1)}, "Lookup: id_split must be 3. Current: 2"),
        ("multi", "raw_lookup", {"id": ids(1), "id_split": ids(0, 2, 1)}, "must not fall"),
        ("multi", "raw_lookup", {"id": ids([1]), "id_split": ids(0, 1, 1)}, "id has 2 dimensions; 1 is expected"),
        (
            "multi",
            RAW_ASSIGN,
            {"id": ids(1, 2), "id_split": ids(0, 1, 2), "flat_value": floats(0, 0)},
            "MonolithMultiHashTableAssign: the rows have 2 numbers; the ids of 2 tables need 5",
        ),
        (
            "plain",
            "hashtable_assign",
            {"mov_id": ids(1), "mov_value": floats([1, 2, 3]), "uid_id": ids(), "uid_value": numpy.zeros([0, 3], "float32")},
            "MonolithHashTableAssign: table mov_table: rows of shape [1,3] came for 1 ids; [1,2] is expected",
        ),
    ],
)
def test_requests_that_do_not_fit_are_refused(stub, model, signature, inputs, reason):
    code, details = refusal(stub, model, signature, **inputs)
    assert code == grpc.StatusCode.INVALID_ARGUMENT
    assert reason in details


def test_tables_show_in_the_metrics(server, stub, folder):
    page = server.get("/metrics").text
    assert f'apus_embedding_rows{{path="{folder}/multi/1",table="mov"}} {len(IDS)}' in page
    assert f'apus_embedding_rows{{path="{folder}/plain/1",table="uid_table"}} {len(IDS)}' in page


def failure(server, model, version):
    def look():
        versions = server.versions(model)
        if versions.get(version) != "END":
            raise NotYet(f"{versions}")
        return server.version_status(model, version).status.error_message

    return eventually(look, f"version {version} of {model} to fail", check=server.check_running)


def test_dumps_that_are_not_there_are_named(server, folder):
    reason = failure(server, "lost", 1)
    assert "MonolithMultiHashTableRestore: " in reason and f"{folder}/nowhere/{SHARED_NAME}" in reason
    reason = failure(server, "foreign", 1)
    assert f"s3://bucket/a/{SHARED_NAME}, which is no path of this machine" in reason
    assert "--embedding-path-prefix" in reason


def test_a_new_version_has_its_own_rows_and_a_damaged_one_changes_nothing(server, stub, folder, tmp_path):
    check_flat(stub, "changing", [1, 2], [3, 999])
    damaged = write_standalone(tmp_path / "damaged", filled_tables(IDS, factor=2))
    file = damaged / "assets" / f"{SHARED_NAME}-00001-of-00002"
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    settle(damaged).rename(folder / "changing" / "2")
    reason = failure(server, "changing", 2)
    assert f"{folder}/changing/2/assets/{file.name}" in reason and re.search(r"block at byte|record \d", reason), reason
    assert server.versions("changing")[1] == "AVAILABLE"
    check_flat(stub, "changing", [1, 2], [3, 999])
    # Pushes go over to the next version, as they are newer than its dump.
    call(stub, "changing", RAW_ASSIGN, id=ids(1000), id_split=ids(0, 1, 1), flat_value=floats(6, 7))
    write_standalone(tmp_path / "whole", filled_tables(IDS, factor=2)).rename(folder / "changing" / "3")
    server.wait_for("changing", 3)
    check_flat(stub, "changing", [1, 2], [3, 999], factor=2)
    assert call(stub, "changing", mov=ids(1000), uid=ids(1))["flat"][:2].tolist() == [6, 7]

    def look():
        if f'apus_embedding_rows{{path="{folder}/changing/1"' in server.get("/metrics").text:
            raise NotYet("the tables of version 1 are there")
        return True

    eventually(look, "the old version's tables to go", check=server.check_running)


def test_a_model_in_a_process_of_its_own_has_its_tables_there(folder, server):
    arguments = [*QUICK, f"--embedding-cache-dir={folder}/cache", "--isolate=multi"]
    with apus_serve({"multi": folder / "multi"}, *arguments) as isolated:
        isolated.wait_until_ready()
        stub = isolated.prediction()
        check_flat(stub, "multi", [1, 2], [3, 999])
        call(stub, "multi", RAW_ASSIGN, id=ids(1), id_split=ids(0, 1, 1), flat_value=floats(6, 7))
        assert call(stub, "multi", mov=ids(1), uid=ids(1))["flat"][:2].tolist() == [6, 7]
