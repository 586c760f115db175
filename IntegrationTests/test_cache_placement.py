"""More models than all devices hold: each is loaded on a device with room when it is asked for, others make room there, and
the trace of its own run says that it was there. Plans of the running server, and what it has measured."""

import json
import re

from support.metrics import scrape
from support.model_config import config_list, model, replace_file
from support.paths import MODELS
from support.server import apus_serve, free_port, run_program, tensorflow_model_server
from support.waiting import eventually

# The case of the placement's own tests: models of 64 MB, devices of 240 MB.
from test_placement import DEVICES, ask, device_arguments, repository

SIXTEEN = [f"m{number:02}" for number in range(1, 17)]
LIMIT = "--model-memory-limit=devices"


def forgetting(*arguments):
    return ["--model-cache-state=none", "--no-prefetch-models", *arguments]


def cache(server):
    answer = server.get("/v1/cache")
    assert answer.status_code == 200, answer.text
    return answer.json()


def where(server):
    """{model: device} of what is in memory."""
    return {
        version["model"]: version["devices"][0] for version in cache(server)["versions"] if version["state"] == "RESIDENT"
    }


def check_budgets(server):
    report = cache(server)
    for device in report["devices"]:
        used = device["resident_bytes"] + device["loading_bytes"] + device["unloading_bytes"]
        assert used <= device["budget_bytes"], report["devices"]
    return report


def traces(server, after=0):
    """[(model, device)] of all traces in the log, in their order; each has all of its operations on its device."""
    found = []
    for line in server.lines[after:]:
        if "The trace of a run" not in line:
            continue
        assert "confirms the plan" in line, line
        device = re.search(r"\bdevice=(\S+)", line)[1]
        assert re.search(rf"operations={device}=[1-9]\d*(\s|$)", line), line
        found.append((re.search(r"\bmodel=(\S+)", line)[1], device))
    return found


def control(server, path, **parameters):
    answer = server.post(f"/v2/repository/{path}", {"parameters": parameters})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_sixteen_models_on_four_devices_for_twelve(weighty, tmp_path):
    """Sixteen models of 64 MB are known on four devices of 240 MB, each of which holds three. All are asked for in turn, and
    again: every answer is right, no device has more than its budget, and each load's own trace confirms its device."""
    folder = repository(tmp_path / "models", weighty, SIXTEEN)
    with apus_serve(
        {},
        f"--model-repository={folder}",
        LIMIT,
        *forgetting("--model-min-resident-seconds=0", "--enable-control"),
        *device_arguments(),
    ) as server:
        server.wait_until_ready()
        eventually(lambda: len(cache(server)["versions"]) == 16, "all models to be known", check=server.check_running)

        # Before anybody asked, the planner would fill the devices, and says what it would leave.
        plan = control(server, "plan")
        assert plan["dry_run"] is True and plan["changes_nothing"] is False
        planned = {entry["model"]: entry["device"] for entry in plan["assignments"]}
        assert sorted(planned.values()) == sorted(DEVICES * 3)
        assert len(plan["resting"]) == 4 and plan["refusals"] == []
        assert {entry["size"] for entry in plan["assignments"]} == {"estimated"}
        assert where(server) == {}, "a plan loads nothing"

        loads = []
        for name in SIXTEEN * 2:
            if name not in where(server):
                loads.append(name)
            ask(server, name)
            report = check_budgets(server)
            assert where(server)[name] in DEVICES
        assert 11 <= len(where(server)) <= 12
        assert len(loads) > 16, "some had to come back"
        assert sum(report["evictions"].values()) == len(loads) - len(where(server))
        # Each load was traced anew, and the last trace of each model is where it is now.
        told = eventually(lambda: traces(server) if len(traces(server)) == len(loads) else None, "all traces")
        assert [name for name, _ in told] == loads
        now = where(server)
        assert {name: device for name, device in dict(told).items() if name in now} == now

        page = scrape(server).samples
        for device in DEVICES:
            labels = (("device", device),)
            assert page["apus_device_budget_bytes", labels] == 240e6
            assert 0 < page["apus_device_used_bytes", labels] <= 240e6
        for name, device in now.items():
            labels = (("model", name), ("version", "1"), ("device", device))
            assert page["apus_model_device", labels] > 64e6

        # What is in memory was measured, and the plan keeps it where it is.
        plan = control(server, "plan")
        sizes = {entry["model"]: entry["size"] for entry in plan["assignments"] if not entry["new"]}
        assert set(sizes) == set(now) and list(sizes.values()).count("measured") >= len(now) - 1, sizes
        assert {entry["model"]: entry["device"] for entry in plan["assignments"] if not entry["new"]} == now
        # To apply it fills what is left; to apply it again changes nothing.
        control(server, "apply")
        eventually(lambda: len(where(server)) == len(plan["assignments"]), "the plan to be carried out")
        assert control(server, "apply")["changes_nothing"] is True
        check_budgets(server)
        for name in where(server):
            ask(server, name)


def test_pins_and_a_lost_device(weighty, tmp_path):
    """A model that is pinned to a device is loaded there and nowhere else; what is on a device that is lost comes back on
    another; what is larger than any device is refused with both figures."""
    names = SIXTEEN[:5]
    folder = repository(tmp_path / "models", weighty, names)
    devices = tmp_path / "devices.txt"
    devices.write_text("device CPU:0 150MB\ndevice CPU:1 150MB\n")
    config = tmp_path / "models.config"
    wishes = {"m01": 'apus { device: "CPU:1" }', "m02": 'apus { device: "CPU:1" pinned: true }', "m05": 'apus { device: "CPU:3" }'}
    replace_file(config, config_list(*(model(name, folder / name, wishes.get(name, "")) for name in names)))
    with apus_serve(
        {}, f"--config={config}", LIMIT, f"--devices-file={devices}", *forgetting("--model-min-resident-seconds=0")
    ) as server:
        server.wait_for("m02", 1)
        assert where(server) == {"m02": "CPU:1"}, "kept in memory, before anybody asked"
        ask(server, "m01")
        for name in ["m03", "m04", "m01"]:
            ask(server, name)
            check_budgets(server)
        assert where(server) == {"m01": "CPU:1", "m02": "CPU:1", "m03": "CPU:0", "m04": "CPU:0"}
        refused = server.post("/v1/models/m05:predict", {"instances": [1.0]})
        assert refused.status_code == 429
        assert "pinned to CPU:3, and there is no such device: there are CPU:0, CPU:1" in refused.json()["error"]

        replace_file(devices, "device CPU:1 150MB\ndevice CPU:3 100MB\n")
        server.line("The devices have changed")
        eventually(lambda: set(where(server).values()) <= {"CPU:1", "CPU:3"}, "the lost device to be empty")
        for name in names:
            ask(server, name)
            check_budgets(server)
        assert where(server)["m05"] == "CPU:3" and where(server)["m02"] == "CPU:1"

        replace_file(devices, "device CPU:1 150MB\ndevice CPU:3 40MB\n")
        eventually(lambda: set(where(server).values()) == {"CPU:1"}, "the small device to be empty")
        refused = server.post("/v1/models/m05:predict", {"instances": [1.0]})
        assert refused.status_code == 429
        assert re.search(r"needs 6\d{7} bytes \(6\d\.\d MiB\) of memory, and CPU:3 may hold 40000000 bytes", refused.text)
        ask(server, "m03")


# ---- Plans of a running server, from the command line ----


def models(server, *arguments):
    done = run_program("apus", "models", *arguments, f"--server=127.0.0.1:{server.rest_port}")
    return done.returncode, done.stdout, done.stderr


def test_plan_and_apply_over_the_command_line(tmp_path):
    """Without a budget all models are loaded; planned anew, they are spread evenly, while they answer."""
    names = ["a", "b", "c", "d"]
    base = MODELS / "half_plus_two"
    config = tmp_path / "models.config"

    def configure(pins):
        replace_file(config, config_list(*(model(name, base, pins.get(name, "")) for name in names)))

    configure({name: 'apus { device: "CPU:0" }' for name in names})
    with apus_serve(
        {}, f"--config={config}", "--config-poll-seconds=1", "--enable-control", "--model-cache-state=none",
        *device_arguments(DEVICES[:2], "100MB"),
    ) as server:
        for name in names:
            server.wait_for(name, 1)
        status, text, _ = models(server, "plan")
        assert status == 0 and "CPU:0" in text and "4 models on 2 devices" in text and "(pinned, estimated)" in text
        assert models(server, "apply") == (0, text, ""), "what is so already is not done again"
        configure({})

        def unpinned():
            return "pinned" not in models(server, "plan")[1]

        eventually(unpinned, "the new configuration", check=server.check_running)
        assert "MOVES" not in models(server, "plan")[1], "what has a place keeps it"
        status, text, _ = models(server, "plan", "--anew")
        assert status == 0 and text.count("CPU:0 -> CPU:1") == 2
        assert models(server, "apply", "--anew", "--dry-run")[1] == text
        assert "MOVES" in models(server, "plan", "--anew")[1], "neither a plan nor a dry run moves anything"
        assert models(server, "apply", "--anew")[1] == text
        plan = json.loads(models(server, "plan", "--anew", "--json")[1])
        assert plan["changes_nothing"] is True
        assert sorted(entry["device"] for entry in plan["assignments"]) == ["CPU:0", "CPU:0", "CPU:1", "CPU:1"]

        def moved():
            for name in names:
                assert server.post(f"/v1/models/{name}:predict", {"instances": [2.0]}).json() == {"predictions": [3.0]}
            return sum("A version was moved" in line for line in server.lines) == 2

        eventually(moved, "two models to move", check=server.check_running)
        assert models(server, "apply", "--anew")[0] == 0


def test_plans_that_are_refused(tmp_path):
    with apus_serve({"m": MODELS / "half_plus_two"}, *device_arguments(DEVICES[:1])) as server:
        server.wait_for("m", 1)
        for path in ["plan", "apply"]:
            answer = server.post(f"/v2/repository/{path}", {})
            assert answer.status_code == 403 and "enable_control" in answer.json()["error"]
    with apus_serve({"m": MODELS / "half_plus_two"}, "--enable-control") as server:
        server.wait_for("m", 1)
        answer = server.post("/v2/repository/plan", {})
        assert answer.status_code == 400 and "--placement" in answer.json()["error"]
        for parameters in [{"wrong": True}, {"anew": "yes"}, {"dry_run": 1}]:
            answer = server.post("/v2/repository/apply", {"parameters": parameters})
            assert answer.status_code == 400 and next(iter(parameters)) in answer.json()["error"]
        status, _, trouble = models(server, "plan")
        assert status != 0 and "--placement" in trouble


def test_what_was_measured_is_planned_with_at_the_next_start(weighty, tmp_path):
    """A server remembers what models took, and the plan of the command line says which sizes were measured."""
    names = SIXTEEN[:3]
    folder = repository(tmp_path / "models", weighty, names)
    state = tmp_path / "costs"
    arguments = [f"--model-repository={folder}", f"--model-cache-state={state}", *device_arguments(DEVICES[:2])]
    with apus_serve({}, *arguments, LIMIT) as server:
        server.wait_until_ready()
        for name in names:
            eventually(lambda name=name: server.versions(name) == {1: "START"}, "the version to be known")
            ask(server, name)
    assert state.read_text().startswith("apus model costs 2\n")

    done = run_program("apus", "plan", *arguments, "--json")
    assert done.returncode == 0, done.stderr
    rows = {row["model"]: row for row in json.loads(done.stdout)["assignments"]}
    assert rows["m01"]["size"] == "estimated", "the first load brings the engine with it"
    assert rows["m02"]["size"] == rows["m03"]["size"] == "measured"
    assert all(60e6 < row["bytes"] < 100e6 for row in rows.values())
    assert "(measured)" in run_program("apus", "plan", *arguments).stdout
    estimated = run_program("apus", "plan", *arguments, "--model-cache-state=none").stdout
    assert "(measured)" not in estimated and estimated.count("(estimated)") == 3


def test_the_flags_of_the_drop_in(tmp_path):
    def flags(*more):
        ports = [f"--port={free_port()}", f"--rest_api_port={free_port()}"]
        base = MODELS / "half_plus_two"
        return [*ports, "--model_name=m", f"--model_base_path={base}", "--model_cache_state=none", *more]

    with tensorflow_model_server(*flags("--devices=CPU:0=10MB,CPU:1=20MB", "--total_model_memory_limit_bytes=devices")) as server:
        eventually(lambda: server.versions("m") == {1: "START"}, "the version to be known", check=server.check_running)
        assert server.post("/v1/models/m:predict", {"instances": [2.0]}).json() == {"predictions": [3.0]}
        assert where(server) == {"m": "CPU:1"}, "the emptier one"
    for wrong, reason in [
        ("--devices=CPU:0", "expected devices like GPU:0=15GB"),
        ("--placement=on", "expected auto or off"),
        ("--total_model_memory_limit_bytes=devices", "models are put on none"),
    ]:
        done = run_program("tensorflow_model_server", *flags(wrong))
        assert done.returncode != 0 and reason in done.stderr + done.stdout
