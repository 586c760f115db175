"""What users of TensorFlow Serving have asked for in public threads, by their numbers (tensorflow/serving#N).

Short forms: docs/public-threads.md has the list, and Benchmarks/public_threads measures what takes longer.
"""

import os
import shutil
import signal
import ssl
import threading
import time

import grpc
import numpy
import pytest
import requests
import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

from support.asking import Asking
from support.certificates import AUTHORITY, DAY, SERVER, make
from support.health import NOT_SERVING, SERVING, Health
from support.metrics import scrape
from support.model_config import config_list, labels, model, publish, reload, replace_file, specific
from support.paths import MODELS, ROOT
from support.processes import anonymous, resident, threads_with_cpu_time
from support.server import apus_serve
from support.tensors import array, predict_request
from support.waiting import LONG, NotYet, eventually

HALF = MODELS / "half_plus_two"
QUICK = ["--load-retries=0", "--load-retry-seconds=0"]
FOREVER = numpy.int64(2**62)


def ask(server, name="half", value=2.0, timeout=LONG, **more):
    """(answer, version that answered)"""
    request = predict_request(name, {"x": numpy.float32([value])}, **more)
    response = server.prediction().Predict(request, timeout=timeout)
    return array(response.outputs["y"]).tolist(), response.model_spec.version.value


def steps_of(seconds, server):
    """How many steps of the model `loop` take about so long here."""
    stub, steps = server.prediction(), 100
    while True:
        start = time.monotonic()
        stub.Predict(predict_request("loop", {"steps": numpy.int64(steps)}), timeout=LONG)
        took = time.monotonic() - start
        if took > 0.1:
            return numpy.int64(steps * seconds / took)
        steps *= 4


def wait_until_busy(server):
    """A run has begun: nothing else takes the server's processors."""

    def spent():
        return sum(threads_with_cpu_time(server.process.pid).values())

    before = spent()
    eventually(lambda: spent() > before + 0.1, "the run to begin", check=server.check_running)


@pytest.fixture(scope="session")
def big_model():
    """100 MB of variables, written only for these tests and those of test_lifecycle.py."""
    import subprocess
    import sys

    subprocess.run([sys.executable, ROOT / "scripts/make-models", "big_variables"], check=True, stdout=subprocess.DEVNULL)
    return MODELS / "big_variables" / "1"


@pytest.fixture
def base(tmp_path):
    return publish(tmp_path / "half", 1)


# ---- Memory and isolation ----


def test_1664_memory_is_returned_after_unload(base, big_model, tmp_path):
    """Each version is another 100 MB. The first one brings what loading itself leaves behind; the rest must leave nothing."""
    big = tmp_path / "big"
    big.mkdir()
    with apus_serve({"half": base, "big": big}) as server:
        server.wait_for("half", 1)
        after = []
        for version in range(1, 6):
            (big / str(version)).symlink_to(big_model)
            server.wait_for("big", version)
            request = predict_request("big", {"row": numpy.int64([0, 6399])})
            server.prediction().Predict(request, timeout=LONG)
            assert anonymous(server.process.pid) > 100, "the meter sees a loaded model"
            (big / str(version)).unlink()
            server.wait_for("big", version, "END")

            def settled():
                now = resident(server.process.pid)
                if after and now > after[0] * 1.1:
                    raise NotYet(f"{now:.0f} MiB, {after} MiB before")
                return now

            # Unloading is done a moment before its memory is back.
            eventually(settled, "the memory of the model", timeout=20, check=server.check_running)
            after.append(resident(server.process.pid))
    print("resident MiB after each version:", *(f"{value:.1f}" for value in after))
    assert after[-1] <= 1.1 * after[0]
    assert after[-1] <= 1.05 * after[2]


def test_1866_a_model_answers_while_another_one_loads(base, big_model, tmp_path):
    """Every request is answered; the figure is printed here and held in Benchmarks/public_threads."""
    big = tmp_path / "big"
    big.mkdir()
    with apus_serve({"half": base, "big": big}) as server:
        server.wait_for("half", 1)
        with Asking(server) as asking:
            eventually(lambda: len(asking.times) > 300, "answers while nothing loads")
            idle = len(asking.times)
            quiet = asking.p99()
            (big / "1").symlink_to(big_model)
            server.wait_for("big", 1)
            eventually(lambda: len(asking.times) > idle + 100, "answers while it loads")
            loading = asking.p99(since=idle)
        assert not asking.failures
    print(f"p99: {quiet:.2f} ms idle, {loading:.2f} ms while another model loads, {loading / quiet:.2f} times")


# ---- Versions ----


def test_1086_half_copied_versions_are_never_served(tmp_path):
    """Written in place, file by file and in pieces, in the worst order: the version is not touched before it is whole."""
    base = publish(tmp_path / "half", 1, source="half_plus_two_tf2")
    source = MODELS / "half_plus_two_tf2" / "1"
    with apus_serve({"half": base}, *QUICK) as server:
        server.wait_for("half", 1)
        with Asking(server) as asking:
            new = base / "2"
            (new / "variables").mkdir(parents=True)
            for name in ["saved_model.pb", "variables/variables.index", "variables/variables.data-00000-of-00001"]:
                content = (source / name).read_bytes()
                with open(new / name, "wb") as file:
                    for start in range(0, len(content), len(content) // 3 + 1):
                        file.write(content[start : start + len(content) // 3 + 1])
                        file.flush()
                        before = len(asking.times)
                        eventually(lambda: len(asking.times) > before + 20, "answers")
                        assert 2 not in server.versions("half") and asking.versions == {1}
            server.wait_for("half", 2)
            eventually(lambda: asking.versions == {1, 2}, "the new version to answer")
        assert not asking.failures


def test_979_2189_1565_one_bad_or_missing_model_wedges_neither_start_polling_nor_reload(base, tmp_path):
    broken = publish(tmp_path / "broken", 1)
    (broken / "1" / "saved_model.pb").write_bytes(b"\xff" * 100)
    config = tmp_path / "models.config"
    entries = [model("broken", broken), model("missing", tmp_path / "missing"), model("half", base)]
    config.write_text(config_list(*entries))
    with apus_serve({}, f"--config={config}", "--config-poll-seconds=1", *QUICK) as server:
        # 979: the ports are open, and what can serve serves.
        server.wait_for("half", 1)
        assert ask(server) == ([3.0], 1)
        server.wait_for("broken", 1, "END")
        assert server.version_status("broken", 1).status.error_message
        # 2189: versions and files are still looked at.
        publish(base, 2)
        server.wait_for("half", 2)
        replace_file(config, config_list(*entries, model("other", base)))
        server.wait_for("other", 2)
        # 1565: a reload with such models says so in its time, and holds up no other.
        with pytest.raises(grpc.RpcError) as caught:
            reload(server, *entries, model("worse", broken))
        assert "did not become available" in caught.value.details()
        with pytest.raises(grpc.RpcError) as caught:
            reload(server, *entries, model("gone", tmp_path / "gone"), timeout=0.5)
        assert caught.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED
        reload(server, model("half", base), model("third", base))
        assert ask(server, "third") == ([3.0], 2)
        # The missing one has come.
        publish(tmp_path / "missing", 1)
        reload(server, model("half", base), model("missing", tmp_path / "missing"))
        assert ask(server, "missing") == ([3.0], 1)


def test_1738_1480_a_storage_outage_neither_unloads_a_model_nor_sticks_an_old_one_for_ever(base, tmp_path):
    with apus_serve({"half": base}) as server:
        server.wait_for("half", 1)
        with Asking(server) as asking:
            base.rename(tmp_path / "away")
            server.line("half.*No such file or directory|No such file or directory.*half")
            # A file in its place is another kind of outage.
            base.write_text("not a folder")
            before = len(asking.times)
            eventually(lambda: len(asking.times) > before + 50, "answers during the outage")
            assert server.versions("half") == {1: "AVAILABLE"}
            # It is over, and there is something new.
            publish(tmp_path / "away", 2)
            base.unlink()
            (tmp_path / "away").rename(base)
            server.wait_for("half", 2)
            eventually(lambda: asking.versions == {1, 2}, "the new version to answer")
        assert not asking.failures


def test_1608_a_label_moves_in_one_call(base):
    with apus_serve({"half": base}) as server:
        server.wait_for("half", 1)
        reload(server, model("half", base, f"{specific(1)} {labels(stable=1)}"))

        def stable():
            return server.post("/v1/models/half/labels/stable:predict", {"instances": [2.0]}).status_code

        assert stable() == 200
        publish(base, 2)
        statuses, done = set(), threading.Event()

        def watch():
            while not done.is_set():
                statuses.add(stable())

        watching = threading.Thread(target=watch)
        watching.start()
        # The old version goes with the same call that brings the new one.
        reload(server, model("half", base, f"{specific(2)} {labels(stable=2)}"))
        request = predict_request("half", {"x": numpy.float32([2.0])})
        request.model_spec.version_label = "stable"
        assert server.prediction().Predict(request, timeout=LONG).model_spec.version.value == 2
        server.wait_for("half", 1, "END")
        done.set()
        watching.join()
        assert statuses == {200}, "the label led somewhere at any time"


# ---- Requests ----


def test_1265_work_whose_client_has_gone_is_not_run():
    with apus_serve({"loop": MODELS / "loop", "half": HALF}, "--engine-threads=1", "--drain-grace=0") as server:
        server.wait_until_ready()
        steps = steps_of(0.2, server)

        def runs():
            return scrape(server).samples[(":tensorflow:core:graph_runs", ())]

        before = runs()
        stub = server.prediction()
        # A run that TensorFlow is at can be ended by its deadline only.
        endless = stub.Predict.future(predict_request("loop", {"steps": FOREVER}), timeout=4)
        wait_until_busy(server)
        # 40 calls of a fifth of a second wait behind it. Some run out of time, some are cancelled, some lose their client.
        request = predict_request("loop", {"steps": steps})
        late = [stub.Predict.future(request, timeout=0.3) for _ in range(20)]
        cancelled = [stub.Predict.future(request, timeout=LONG) for _ in range(10)]
        channel = grpc.insecure_channel(server.grpc_address, options=[("grpc.use_local_subchannel_pool", 1)])
        lost = [server.prediction(channel).Predict.future(request, timeout=LONG) for _ in range(10)]
        # What cannot be in time is refused at once, as soon as the server knows how long such calls take.
        codes = {call.exception().code() for call in late}
        assert codes <= {grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.RESOURCE_EXHAUSTED}
        for call in cancelled:
            call.cancel()
        channel.close()
        del lost
        assert endless.exception().code() == grpc.StatusCode.DEADLINE_EXCEEDED
        assert ask(server) == ([3.0], 1)
        # The endless one, and what the last answer took.
        assert runs() - before <= 2


def test_1795_an_overload_error_says_why_and_when_to_retry():
    models = {name: MODELS / name for name in ["row_keeper", "batch_watcher"]}
    with apus_serve(models, "--engine-threads=1", "--latency-slo=row_keeper=5ms") as server:
        server.wait_until_ready()
        stub = server.prediction()
        request = predict_request("row_keeper", {"x": numpy.float32([1.0])})
        # A value of 1000 takes a while, and nobody is in a hurry for this model.
        slow = predict_request("batch_watcher", {"x": numpy.float32([1000.0])})

        def refused():
            busy = [stub.Predict.future(slow, timeout=LONG) for _ in range(4)]
            answer = server.post("/v1/models/row_keeper:predict", {"instances": [1.0]})
            error = stub.Predict.future(request, timeout=LONG).exception()
            for call in busy:
                call.result()
            return (answer, error) if answer.status_code == 429 and error is not None else None

        answer, error = eventually(refused, "refusals")
        reason = answer.json()["error"]
        assert len(reason) > 20, "it says why"
        assert int(answer.headers["Retry-After"]) >= 1 and int(answer.headers["Retry-After-Ms"]) >= 1
        assert error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED and len(error.details()) > 20
        assert int(dict(error.trailing_metadata())["grpc-retry-pushback-ms"]) >= 1
        print(f"REST 429: {reason!r}, retry after {answer.headers['Retry-After-Ms']} ms")


def test_1883_one_connection_uses_all_cores():
    with apus_serve({"loop": MODELS / "loop"}, "--drain-grace=0") as server:
        server.wait_until_ready()
        steps = steps_of(0.5, server)
        stub = server.prediction(server.channel())
        before = threads_with_cpu_time(server.process.pid)
        calls = [stub.Predict.future(predict_request("loop", {"steps": steps}), timeout=LONG) for _ in range(8)]
        for call in calls:
            call.result()
        after = threads_with_cpu_time(server.process.pid)
    cores = len(os.sched_getaffinity(0))
    spent = [seconds - before.get(task, 0) for task, seconds in after.items()]
    # A fair share is a quarter on four cores; threads that only parse and write have next to nothing.
    worked = [seconds for seconds in spent if seconds > sum(spent) / 16]
    print(f"{len(worked)} threads worked on {cores} cores")
    assert len(worked) >= min(cores, 4)


# ---- Operations ----


def test_1853_sigterm_drains():
    with apus_serve({"loop": MODELS / "loop", "half": HALF}) as server:
        server.wait_until_ready()
        steps = steps_of(1, server)
        call = server.prediction().Predict.future(predict_request("loop", {"steps": steps}), timeout=LONG)
        answers = []
        rest = threading.Thread(
            target=lambda: answers.append(server.post("/v1/models/loop:predict", {"inputs": {"steps": int(steps)}}))
        )
        rest.start()
        watch = Health(server.channel()).watch()
        assert next(watch).status == SERVING
        start = scrape(server).samples[(":tensorflow:core:graph_runs", ())]
        assert start >= 1
        wait_until_busy(server)
        server.signal(signal.SIGTERM)
        assert next(watch).status == NOT_SERVING
        assert array(call.result().outputs["steps_done"]) == steps
        rest.join(LONG)
        assert answers[0].status_code == 200
        assert server.wait() == 0


def test_1754_readiness_over_rest_is_honest(tmp_path):
    late = tmp_path / "late"
    late.mkdir()
    with apus_serve({"half": HALF, "late": late}) as server:
        server.wait_for("half", 1)
        assert server.get("/v2/health/live").status_code == 200
        answer = server.get("/v2/health/ready")
        assert answer.status_code == 503 and "late" in answer.text, "and it says who is missing"
        assert server.get("/v2/models/half/ready").status_code == 200
        assert server.get("/v2/models/late/ready").status_code == 503
        publish(late, 1)
        eventually(lambda: server.get("/v2/health/ready").status_code == 200, "readiness")
        assert server.post("/v1/models/late:predict", {"instances": [2.0]}).status_code == 200
        shutil.rmtree(late / "1")
        eventually(lambda: server.get("/v2/health/ready").status_code == 503, "readiness to end")


def test_408_logging_config_works(base, tmp_path):
    config = tmp_path / "models.config"
    logging = "logging_config { log_collector_config { filename_prefix: '%s/log' } sampling_config { sampling_rate: 1 } }"
    config.write_text(config_list(model("half", base, logging % tmp_path)))
    with apus_serve({}, f"--config={config}") as server:
        server.wait_for("half", 1)
        assert ask(server) == ([3.0], 1)
        server.stop()
    (file,) = tmp_path.glob("log-*.tfrecord")
    (record,) = tf.data.TFRecordDataset(str(file))
    log = prediction_log_pb2.PredictionLog.FromString(record.numpy())
    assert array(log.predict_log.response.outputs["y"]).tolist() == [3.0]


def test_1503_rest_speaks_tls_with_certificates_reloaded_from_disk(tmp_path):
    authority = make(tmp_path, "authority", AUTHORITY, common_name="test authority")
    first = make(tmp_path, "first", SERVER, authority)
    second = make(tmp_path, "second", SERVER, authority, valid=(-DAY, 60 * DAY))
    certificate, key = tmp_path / "tls.crt", tmp_path / "tls.key"

    def install(pair):
        for path, text in [(certificate, pair.certificate), (key, pair.key)]:
            replace_file(path, text)

    def served(server):
        return ssl.get_server_certificate(("127.0.0.1", server.rest_port)).strip()

    install(first)
    with apus_serve({"half": HALF}, f"--tls-cert={certificate}", f"--tls-key={key}") as server:
        url = f"https://localhost:{server.rest_port}"
        with requests.Session() as session:
            # Not what the environment says of other certificates.
            session.trust_env = False
            session.verify = str(authority.certificate_path)

            def answer():
                done = session.post(f"{url}/v1/models/half:predict", json={"instances": [2.0]}, timeout=LONG)
                return done.json() == {"predictions": [3.0]}

            eventually(answer, "the model to answer")
            # The metrics, too: the thread is about them.
            assert session.get(f"{url}/metrics", timeout=LONG).status_code == 200
            assert served(server) == first.certificate.strip()
            install(second)
            eventually(lambda: served(server) == second.certificate.strip(), "the new certificate, without a signal")
            assert answer(), "a connection of before goes on"
