"""Models on devices: the case of twelve models on four devices, scaled down, with the devices believed only when the
trace of a run says so."""

import json
import os
import pathlib
import re
import shutil

import grpc
import numpy
import pytest

from support.model_config import config_list, model, replace_file
from support.paths import MODELS
from support.server import apus_serve, run_program
from support.tensors import predict_request
from support.versions import settle
from support.waiting import LONG, NotYet, eventually

DEVICES = [f"CPU:{number}" for number in range(4)]
BUDGET = "240MB"

def repository(folder, weighty, names):
    """A folder with a model of each name; their weights are the same file."""
    for name in names:
        shutil.copytree(weighty, folder / name / "1", copy_function=os.link)
        settle(folder / name)
    return folder


TWELVE = [f"m{number:02}" for number in range(1, 13)]


def plan(*arguments):
    done = run_program("apus", "plan", *arguments)
    return done.returncode, done.stdout, done.stderr


def device_arguments(devices=DEVICES, budget=BUDGET):
    return [f"--device={name}={budget}" for name in devices]


def wait_until_placed(server, names):
    for name in names:
        server.wait_for(name, 1)


def wait_for_no_place(server, name):
    """The version has ended twice by then: unloaded from the lost device, and refused when it was loaded anew."""

    def look():
        found = server.version_status(name, 1)
        if "no device has so much left" not in found.status.error_message:
            raise NotYet(found)
        return True

    eventually(look, f"{name} to have no place", check=server.check_running)


def ask(server, name, x=1.0):
    answer = server.post(f"/v1/models/{name}:predict", {"instances": [x]})
    assert answer.status_code == 200, answer.text
    assert answer.json() == {"predictions": [x + 1.0]}


def confirmed(server, name, after=0):
    """The device of a model as the trace of its own run told it, with all of the run's operations."""

    def look():
        for line in reversed(server.lines[after:]):
            if "The trace of a run" in line and f"model={name} " in line + " ":
                assert "confirms the plan" in line, line
                device = re.search(r"\bdevice=(\S+)", line)[1]
                operations = re.search(r"operations=(\S+)", line)[1]
                # One device only, and operations on it.
                assert re.fullmatch(rf"{device}=[1-9]\d*", operations), line
                return device
        raise NotYet("no trace yet")

    return eventually(look, f"the trace of a run of {name}", check=server.check_running)


def planned(server):
    """{model: device} by the metrics page."""
    text = server.get("/metrics").text
    rows = re.findall(r'apus_model_device\{model="([^"]*)",version="1",device="([^"]*)"\}', text)
    return dict(rows)


def test_twelve_models_on_four_devices_and_a_thirteenth(weighty, tmp_path):
    """Twelve models of 64 MB on four devices of 240 MB: three on each, as the plan said before, as their traces say. A
    thirteenth has no place and is told why; the twelve serve. A device is lost, and comes back."""
    folder = repository(tmp_path / "models", weighty, TWELVE)
    devices = tmp_path / "devices.txt"
    devices.write_text("".join(f"device {name} {BUDGET}\n" for name in DEVICES))
    config = tmp_path / "models.config"
    replace_file(config, config_list(*(model(name, folder / name) for name in TWELVE)))

    status, text, _ = plan("--config", config, "--devices-file", devices, "--json")
    assert status == 0, text
    expected = {row["model"]: row["device"] for row in json.loads(text)["assignments"]}
    assert sorted(expected.values()) == sorted(DEVICES * 3)

    # They have the same files, and are to be placed one by one.
    options = ["--config-poll-seconds=1", f"--devices-file={devices}", "--no-share-weights"]
    with apus_serve({}, f"--config={config}", *options, environment={"TMPDIR": str(tmp_path)}) as server:
        wait_until_placed(server, TWELVE)
        for name in TWELVE:
            ask(server, name)
        assert {name: confirmed(server, name) for name in TWELVE} == expected
        assert planned(server) == expected
        assert len(shadows(tmp_path)) == 12

        # A thirteenth.
        repository(folder, weighty, ["m13"])
        replace_file(config, config_list(*(model(name, folder / name) for name in [*TWELVE, "m13"])))
        server.wait_for("m13", 1, state="END")
        reason = server.version_status("m13", 1).status
        assert reason.error_code == grpc.StatusCode.RESOURCE_EXHAUSTED.value[0]
        assert re.fullmatch(
            r"The model has no place on any device: m13 version 1 needs 67\.\d MB, and no device has so much left: the most "
            r"is on CPU:\d, where 3\d\.\d MB of 240 MB are free; on all 4 devices together 1\d\d(\.\d)? MB are free",
            reason.error_message,
        ), reason.error_message
        refused = server.post("/v1/models/m13:predict", {"instances": [1.0]})
        assert refused.status_code == 404
        for name in TWELVE:
            ask(server, name)
        assert planned(server) == expected, "the thirteenth moved another"

        # A device is lost: its models have no place, the others stay where they are and serve.
        lost = [name for name in TWELVE if expected[name] == "CPU:3"]
        stay = [name for name in TWELVE if expected[name] != "CPU:3"]
        replace_file(devices, "".join(f"device {name} {BUDGET}\n" for name in DEVICES[:3]))
        for name in lost:
            wait_for_no_place(server, name)
        for name in stay:
            ask(server, name)
        assert planned(server) == {name: expected[name] for name in stay}

        # Two of the devices have more memory: all that has no place has one again, without being asked for anew.
        mark = len(server.lines)
        sizes = {"CPU:0": "240MB", "CPU:1": "400MB", "CPU:2": "400MB"}
        replace_file(devices, "".join(f"device {name} {size}\n" for name, size in sizes.items()))
        everyone = [*TWELVE, "m13"]
        wait_until_placed(server, everyone)
        now = planned(server)
        assert {name: now[name] for name in stay} == {name: expected[name] for name in stay}
        for name in everyone:
            ask(server, name)
        for name in [*lost, "m13"]:
            assert confirmed(server, name, after=mark) == now[name] != "CPU:3"

        # A list that is wrong changes nothing.
        replace_file(devices, "device CPU:0 lots\n")
        server.line(r'"lots" is no size.*The new list of devices is refused')
        assert planned(server) == now
        for name in everyone:
            ask(server, name)
    assert shadows(tmp_path) == [], "folders are left"


def shadows(folder):
    return [path for path in folder.glob("apus-placed-*/*") if path.name != "lock"]


def test_models_move_while_they_answer(weighty, tmp_path):
    """A device goes away and its models find places on the others: no request fails meanwhile."""
    names = TWELVE[:4]
    folder = repository(tmp_path / "models", weighty, names)
    devices = tmp_path / "devices.txt"
    devices.write_text("device CPU:0 150MB\ndevice CPU:1 150MB\n")
    with apus_serve({name: folder / name for name in names}, f"--devices-file={devices}", "--no-share-weights") as server:
        wait_until_placed(server, names)
        before = planned(server)
        assert sorted(before.values()) == ["CPU:0", "CPU:0", "CPU:1", "CPU:1"]
        replace_file(devices, "device CPU:0 150MB\ndevice CPU:2 150MB\n")
        moved = [name for name in names if before[name] == "CPU:1"]

        def all_moved():
            for name in names:
                ask(server, name)
            return all(
                any("A version was moved" in line and f"model={name} " in line + " " for line in server.lines) for name in moved
            )

        eventually(all_moved, "the models of the lost device to move", check=server.check_running)
        mark = len(server.lines)
        for name in names:
            ask(server, name)
        assert planned(server) == {name: "CPU:2" if name in moved else "CPU:0" for name in names}
        for name in moved:
            assert confirmed(server, name) == "CPU:2"
        assert not any("END" in line for line in server.lines[mark:])


def test_pins_replicas_and_groups_of_the_configuration_file(tmp_path):
    """apus { device replicas together apart } of a model wins over balance."""
    wishes = {
        "pinned": 'apus { device: "CPU:2" }',
        "twice": "apus { replicas: 2 }",
        "first": 'apus { together: "pair" }',
        "second": 'apus { together: "pair" }',
        "left": 'apus { apart: "sides" }',
        "right": 'apus { apart: "sides" }',
    }
    config = tmp_path / "models.config"
    base = MODELS / "half_plus_two_tf2"
    config.write_text(config_list(*(model(name, base, more) for name, more in wishes.items())))
    with apus_serve({}, f"--config={config}", *device_arguments(DEVICES[:3], "10MB")) as server:
        wait_until_placed(server, wishes)
        text = server.get("/metrics").text
        places = {}
        for name, device in re.findall(r'apus_model_device\{model="([^"]*)",version="1",device="([^"]*)"\}', text):
            places.setdefault(name, set()).add(device)
        assert places["pinned"] == {"CPU:2"}
        assert len(places["twice"]) == 2
        assert places["first"] == places["second"]
        assert places["left"] != places["right"]
        for name in wishes:
            answer = server.post(f"/v1/models/{name}:predict", {"instances": [2.0]})
            assert answer.json() == {"predictions": [3.0]}


def test_a_pin_to_nowhere_is_refused_and_the_others_serve(tmp_path):
    base = MODELS / "half_plus_two"
    config = tmp_path / "models.config"
    config.write_text(config_list(model("lost", base, 'apus { device: "GPU:7" }'), model("fine", base)))
    with apus_serve({}, f"--config={config}", *device_arguments(DEVICES[:2])) as server:
        server.wait_for("fine", 1)
        server.wait_for("lost", 1, state="END")
        assert "pinned to GPU:7, and there is no such device: there are CPU:0, CPU:1" in (
            server.version_status("lost", 1).status.error_message
        )
        assert server.post("/v1/models/fine:predict", {"instances": [2.0]}).json() == {"predictions": [3.0]}


def test_an_accelerator_that_is_not_there_is_not_replaced_by_the_processor(tmp_path):
    with apus_serve({"m": MODELS / "half_plus_two"}, "--device=GPU:0=1GB", "--load-retries=0") as server:
        server.wait_for("m", 1, state="END")
        assert "TensorFlow has no device GPU:0 here; it has CPU:0" in server.version_status("m", 1).status.error_message


def test_what_a_server_that_was_killed_has_left_goes_with_the_next(tmp_path):
    arguments = [{"m": MODELS / "half_plus_two"}, "--device=CPU:1=100MB"]
    environment = {"TMPDIR": str(tmp_path)}
    with apus_serve(*arguments, environment=environment) as server:
        server.wait_for("m", 1)
        assert len(shadows(tmp_path)) == 1
        server.process.kill()
        server.process.wait()
    assert len(shadows(tmp_path)) == 1
    with apus_serve(*arguments, environment=environment) as server:
        server.wait_for("m", 1)
        assert len(shadows(tmp_path)) == 1
        assert server.post("/v1/models/m:predict", {"instances": [2.0]}).json() == {"predictions": [3.0]}
    assert list(tmp_path.glob("apus-placed-*")) == []


def test_without_the_flags_nothing_is_placed(tmp_path):
    with apus_serve({"m": MODELS / "half_plus_two"}, environment={"TMPDIR": str(tmp_path)}) as server:
        server.wait_for("m", 1)
        assert list(tmp_path.glob("apus-placed-*")) == []
        assert "apus_model_device" not in server.get("/metrics").text


# ---- Shares of the processors ----


def threads(pid):
    """{name: seconds of CPU} of the threads that run models."""
    found = {}
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        name = (task / "comm").read_text().strip()
        if re.match(r"(engine|batch)_\d", name):
            found[name] = int((task / "schedstat").read_text().split()[0]) / 1e9
    return found


def test_a_batch_job_keeps_to_its_threads(tmp_path):
    """A model of the group batch is asked all the time, by more callers than there are cores: its runs are on the one
    thread of the group, and all that the other model is asked is answered."""
    config = tmp_path / "models.config"
    config.write_text(
        config_list(
            model("nightly", MODELS / "mobilenet_v2", 'apus { cpu_group: "batch" }'),
            model("shop", MODELS / "half_plus_two"),
        )
    )
    with apus_serve({}, f"--config={config}", "--cpu-group=batch=1") as server:
        wait_until_placed(server, ["nightly", "shop"])
        metadata = server.get("/v1/models/nightly/metadata").json()["metadata"]["signature_def"]["signature_def"]
        (name, sizes), *_ = [
            (name, [int(size["size"]) for size in entry["tensor_shape"]["dim"]])
            for name, entry in metadata["serving_default"]["inputs"].items()
        ]
        request = predict_request("nightly", {name: numpy.zeros([1, *sizes[1:]], numpy.float32)})
        stub = server.prediction()
        stub.Predict(request, timeout=LONG)
        before = threads(server.process.pid)
        jobs = [stub.Predict.future(request, timeout=LONG) for _ in range(60)]
        for _ in range(40):
            assert server.post("/v1/models/shop:predict", {"instances": [2.0]}).json() == {"predictions": [3.0]}
        for job in jobs:
            job.result()
        used = {thread: seconds - before[thread] for thread, seconds in threads(server.process.pid).items()}
    group = [seconds for thread, seconds in used.items() if thread.startswith("batch_")]
    assert len(group) == 1, used
    assert sum(group) > 0.8 * sum(used.values()), used


def test_a_group_that_is_not_there_fails_the_load_with_the_groups_there_are(tmp_path):
    config = tmp_path / "models.config"
    config.write_text(config_list(model("m", MODELS / "half_plus_two", 'apus { cpu_group: "nightly" }')))
    with apus_serve({}, f"--config={config}", "--cpu-group=batch=0.5", "--load-retries=0") as server:
        server.wait_for("m", 1, state="END")
        assert server.version_status("m", 1).status.error_message == (
            "Model m asks for the CPU group nightly, which this server does not have; it has batch"
        )


# ---- apus plan ----


def test_plan_of_the_case_that_is_only_described(tmp_path):
    case = tmp_path / "case.txt"
    case.write_text("".join(f"device GPU:{number} 15GB\n" for number in range(4)) + "model m 4GB count=12\n")
    picture = tmp_path / "case.svg"
    status, text, _ = plan("--describe", case, "--svg", picture)
    assert status == 0
    assert "12 models on 4 devices: 48 GB of 60 GB taken" in text
    assert picture.read_text().count('class="model"') == 12

    with case.open("a") as file:
        file.write("model one-more 4GB\n")
    status, text, _ = plan("--describe", case)
    assert status == 1
    assert (
        "one-more version 1 needs 4 GB, and no device has so much left: the most is on GPU:0, where 3 GB of 15 GB are free; "
        "on all 4 devices together 12 GB are free"
    ) in text

    status, text, _ = plan("--describe", case, "--lose=GPU:3", "--json")
    assert status == 1
    after = json.loads(text)
    assert [device["name"] for device in after["devices"]] == ["GPU:0", "GPU:1", "GPU:2"]
    assert len(after["assignments"]) == 9
    assert len(after["refusals"]) == 4


def test_plan_of_a_folder_of_models():
    status, text, errors = plan("--model-repository", MODELS, *device_arguments(DEVICES[:2]), "--json")
    # A folder with nothing but a TFLite model has no version that could be served without the flag for those.
    problems = {line.split(": ")[1] for line in errors.splitlines() if line.startswith("apus plan: ")}
    only_tflite = {
        path.parent.parent.name
        for path in MODELS.glob("*/1/model.tflite")
        if not path.with_name("saved_model.pb").exists()
    }
    assert problems == only_tflite and status == 1, errors
    rows = {row["model"]: row for row in json.loads(text)["assignments"]}
    assert {"half_plus_two", "perceptron", "big_variables"} <= set(rows)
    assert rows["big_variables"]["bytes"] > 100_000_000


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Name the models with one of --model, --config, --model-repository and --describe"),
        (["--describe=/nowhere"], "/nowhere; No such file or directory"),
        (["--model=m=/nowhere", "--device=CPU:0"], "The value 'CPU:0' is invalid for '--device <name=size>'"),
        (["--model=m=/nowhere", "--device=CPU:0=1GB", "--device=CPU:0=2GB"], "The device CPU:0 is listed twice"),
        (["--model=m=/nowhere", "--device=CPU:0=1GB"], "m: the base path cannot be read: No such file or directory"),
        (["--model=m=/nowhere", "--device=CPU:0=1GB", "--lose=CPU:9"], "--lose CPU:9: there is no such device, but CPU:0"),
    ],
)
def test_plan_says_what_is_wrong(arguments, message):
    status, text, errors = plan(*arguments)
    assert status != 0
    assert message in errors, text + errors


def test_options_that_exclude_each_other():
    done = run_program("apus", "serve", "--model=m=/tmp", "--placement=off", "--device=CPU:0=1GB", timeout=LONG)
    assert done.returncode != 0
    assert "--placement off and devices to place models on exclude each other" in done.stderr
