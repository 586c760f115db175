"""An entry as Monolith exports it, with its shards in the same server, asked by TensorFlow Serving's own client."""

import re
import shutil

import grpc
import numpy
import pytest

from support.entry_models import SHARDS, UNKNOWN, rows, write_entry, write_shard
from support.server import apus_serve
from support.tensors import array, predict_request
from support.versions import settle
from support.waiting import LONG

MOV = numpy.int64([1, 7, 1, -4, UNKNOWN, 2**62])
UID = numpy.int64([7, 7, 3, 1, UNKNOWN + 1, 0])


@pytest.fixture(scope="module")
def exports(tmp_path_factory):
    """Folders of models: an entry, and one that serves as any shard."""
    folder = tmp_path_factory.mktemp("exports")
    write_entry(folder / "entry" / "1")
    write_shard(folder / "shard" / "1")
    return folder


def shards(exports, name="rec:ps_{}"):
    return {name.format(index): exports / "shard" for index in range(SHARDS)}


@pytest.fixture(scope="module")
def server(exports):
    models = {"rec:entry": exports / "entry", "entry": exports / "entry", **shards(exports)}
    with apus_serve(models, "--engine-threads=2") as server:
        server.wait_until_ready()
        yield server
        server.check_running()


def ids_request(mov=MOV, uid=UID, **others):
    return predict_request("rec:entry", {"mov": numpy.int64(mov), "uid": numpy.int64(uid)}, **others)


def refused(stub, request, code):
    with pytest.raises(grpc.RpcError) as error:
        stub.Predict(request, timeout=LONG)
    assert error.value.code() == code, error.value.details()
    return error.value.details()


def check(answer, mov=MOV, uid=UID):
    numpy.testing.assert_array_equal(array(answer.outputs["flat"]), [*rows("mov", mov), *rows("uid", uid)])
    scores = rows("mov", mov).reshape(-1, 2).sum(1) + rows("uid", uid).reshape(-1, 3).sum(1)
    numpy.testing.assert_allclose(array(answer.outputs["score"]), scores)


@pytest.mark.parametrize("name", ["rec:ps_{}", "ps_{}", "ps:{}"])
def test_rows_of_all_shards_come_together(exports, name):
    with apus_serve({"rec:entry": exports / "entry", **shards(exports, name)}) as server:
        server.wait_until_ready()
        check(server.prediction().Predict(ids_request(), timeout=LONG))


@pytest.mark.parametrize("count", [0, 1, 500])
def test_any_number_of_ids_will_do(server, count):
    generator = numpy.random.default_rng(count)
    mov, uid = generator.integers(0, 90_000, [2, count])
    check(server.prediction().Predict(ids_request(mov, uid), timeout=LONG), mov, uid)


def test_more_requests_than_engine_threads_do_not_wait_for_each_other(server):
    stub = server.prediction()
    calls = []
    for number in range(200):
        mov, uid = numpy.int64([number, number + 1]), numpy.int64([number, 5])
        calls.append((stub.Predict.future(ids_request(mov, uid), timeout=LONG), mov, uid))
    for call, mov, uid in calls:
        check(call.result(), mov, uid)


def test_rest_clients_get_the_same(server):
    body = {"inputs": {"mov": [1, 7], "uid": [3, 3]}}
    # TensorFlow Serving's paths have no names with colons.
    outputs = server.post("/v1/models/entry:predict", body).json()["outputs"]
    assert outputs["flat"] == [*rows("mov", [1, 7]), *rows("uid", [3, 3])]


def test_row_ids_are_those_of_the_splits(server):
    request = predict_request("rec:entry", {"splits": numpy.int64([0, 2, 2, 5])}, signature="pooled")
    answer = server.prediction().Predict(request, timeout=LONG)
    assert array(answer.outputs["rowids"]).tolist() == [0, 0, 2, 2, 2]


@pytest.mark.parametrize(
    "splits, code, reason",
    [
        ([0, 3, 1], grpc.StatusCode.INVALID_ARGUMENT, "splits goes from 3 to 1 at 2; it must not fall"),
        ([0, -1], grpc.StatusCode.INVALID_ARGUMENT, "splits goes from 0 to -1 at 1; it must not fall"),
        ([], grpc.StatusCode.INVALID_ARGUMENT, "splits has no elements; at least 1 is expected"),
        ([0, 2**60], grpc.StatusCode.RESOURCE_EXHAUSTED, "at most 268435456 elements are allowed"),
        ([[0, 1]], grpc.StatusCode.INVALID_ARGUMENT, "splits has 2 dimensions; 1 is expected"),
    ],
)
def test_what_an_operation_is_given_is_checked(server, splits, code, reason):
    request = predict_request("rec:entry", {"splits": numpy.array(splits, numpy.int64)}, signature="pooled")
    details = refused(server.prediction(), request, code)
    assert "MonolithFusedValueRowids: " in details and reason in details


def test_a_shard_that_is_missing_is_named_and_used_when_it_comes(exports, tmp_path):
    (tmp_path / "late").mkdir()
    models = {"rec:entry": exports / "entry", **shards(exports), "rec:ps_1": tmp_path / "late"}
    with apus_serve(models, "--poll-seconds=1") as server:
        for name in ["rec:entry", "rec:ps_0", "rec:ps_2"]:
            server.wait_for(name, 1)
        stub = server.prediction()
        details = refused(stub, ids_request(), grpc.StatusCode.UNAVAILABLE)
        assert details.startswith('TfServingRemotePredict: there is no model to ask for "rec:ps_1"; this server was')
        assert '"rec:ps_1", "ps_1", "ps:1"' in details
        settle(shutil.copytree(exports / "shard" / "1", tmp_path / "part")).rename(tmp_path / "late" / "1")
        server.wait_for("rec:ps_1", 1)
        check(stub.Predict(ids_request(), timeout=LONG))


def test_shards_of_another_width_fail_the_request_and_nothing_else(exports, tmp_path):
    write_shard(tmp_path / "narrow" / "1", widths=[2, 2])
    models = {"rec:entry": exports / "entry", **shards(exports), "rec:ps_1": tmp_path / "narrow"}
    with apus_serve(models) as server:
        server.wait_until_ready()
        stub = server.prediction()
        details = refused(stub, ids_request(), grpc.StatusCode.INVALID_ARGUMENT)
        assert "MonolithFillWithOffsetMap: value has " in details
        assert "the shard's tables have other widths than the graph" in details
        # None of these is the second shard's but movies.
        check(stub.Predict(ids_request([4, 7], [0, 3]), timeout=LONG), [4, 7], [0, 3])


@pytest.mark.parametrize("limit", [100, 30_000])
def test_a_shard_that_takes_too_long_is_not_waited_for(exports, tmp_path, limit):
    write_entry(tmp_path / "entry" / "1", limit=limit)
    write_shard(tmp_path / "slow" / "1", steps=1 << 30)
    models = {"rec:entry": tmp_path / "entry", **shards(exports), "rec:ps_1": tmp_path / "slow"}
    with apus_serve(models) as server:
        server.wait_until_ready()
        stub = server.prediction()
        with pytest.raises(grpc.RpcError) as error:
            stub.Predict(ids_request(), timeout=LONG if limit < 1000 else 0.3)
        assert error.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED
        if limit < 1000:
            # The first runs of the others may take as long on a busy machine.
            assert re.match(r'TfServingRemotePredict: "rec:ps_\d" did not answer in time', error.value.details())
        # Another model's threads are free again.
        request = predict_request("rec:entry", {"splits": numpy.int64([0, 1])}, signature="pooled")
        stub.Predict(request, timeout=LONG)


def test_calls_that_may_fail_tell_in_their_status(exports, tmp_path):
    write_entry(tmp_path / "entry" / "1", fails=False)
    with apus_serve({"rec:entry": tmp_path / "entry", "ps_0": exports / "shard"}) as server:
        server.wait_until_ready()
        answer = server.prediction().Predict(ids_request(signature="status"), timeout=LONG)
        codes = [array(answer.outputs[f"code_{index}"]).tolist() for index in range(SHARDS)]
        assert codes == [0, 14, 14]
        messages = [answer.outputs[f"message_{index}"].string_val[0].decode() for index in range(SHARDS)]
        assert messages[0] == "" and 'for "rec:ps_2"' in messages[2]


def test_an_entry_in_a_process_of_its_own_says_why_it_asks_nobody(exports):
    models = {"rec:entry": exports / "entry", **shards(exports)}
    with apus_serve(models, "--isolate=rec:entry") as server:
        server.wait_until_ready()
        details = refused(server.prediction(), ids_request(), grpc.StatusCode.UNAVAILABLE)
        assert 'TfServingRemotePredict: the model "rec:ps_' in details and "in a process of its own" in details
