"""What deploy/ has for Kubernetes, KServe, systemd, Prometheus and Grafana, held against the public schemas, and against
what a live server really has."""

import ast
import importlib.util
import json
import pathlib
import re
import shutil
import subprocess

import pytest
import requests

from support.paths import BUILD, MODELS, ROOT
from support.server import apus_serve
from support.waiting import LONG

yaml = pytest.importorskip("yaml", reason="PyYAML is not in .venv: scripts/setup installs it")
kubernetes_validate = pytest.importorskip("kubernetes_validate", reason="scripts/setup installs it into .venv")

DEPLOY = ROOT / "deploy"
KUBERNETES = "1.37"


def documents(name):
    return [document for document in yaml.safe_load_all((DEPLOY / name).read_text()) if document]


def only(kind, name="kubernetes.yaml"):
    return next(document for document in documents(name) if document["kind"] == kind)


# ---- Kubernetes ----


@pytest.mark.parametrize("name", ["kubernetes.yaml", "kubernetes-autoscaling.yaml"])
def test_manifests_keep_to_the_schema_of_kubernetes(name):
    kinds = documents(name)
    assert kinds
    for document in kinds:
        kubernetes_validate.validate(document, KUBERNETES, strict=True)


def test_the_schema_finds_what_is_wrong():
    deployment = only("Deployment")
    deployment["spec"]["template"]["spec"]["containers"][0]["readinessProb"] = {}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(deployment, KUBERNETES, strict=True)


def test_selectors_and_names_fit_together():
    deployment = only("Deployment")
    pod = deployment["spec"]["template"]
    labels = pod["metadata"]["labels"]
    assert deployment["spec"]["selector"]["matchLabels"].items() <= labels.items()
    assert only("Service")["spec"]["selector"].items() <= labels.items()
    assert only("PodDisruptionBudget")["spec"]["selector"]["matchLabels"].items() <= labels.items()
    assert only("NetworkPolicy")["spec"]["podSelector"]["matchLabels"].items() <= labels.items()
    container = pod["spec"]["containers"][0]
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    assert {port["targetPort"] for port in only("Service")["spec"]["ports"]} == set(ports)
    named = [port["port"] for rule in only("NetworkPolicy")["spec"]["ingress"] for port in rule["ports"]]
    assert set(named) == set(ports)
    assert int(pod["metadata"]["annotations"]["prometheus.io/port"]) == ports["rest"]
    target = only("HorizontalPodAutoscaler", "kubernetes-autoscaling.yaml")["spec"]["scaleTargetRef"]
    assert (target["kind"], target["name"]) == ("Deployment", deployment["metadata"]["name"])
    assert only("ScaledObject", "keda.yaml")["spec"]["scaleTargetRef"]["name"] == deployment["metadata"]["name"]


def test_pods_have_time_to_finish_and_one_is_always_left():
    spec = only("Deployment")["spec"]
    grace = int(re.search(r"var drainGrace = (\d+)", (ROOT / "Sources/apus/Serve.swift").read_text())[1])
    assert spec["template"]["spec"]["terminationGracePeriodSeconds"] > grace
    assert spec["replicas"] > only("PodDisruptionBudget")["spec"]["minAvailable"] >= 1
    assert only("HorizontalPodAutoscaler", "kubernetes-autoscaling.yaml")["spec"]["minReplicas"] == spec["replicas"]


# ---- KServe ----


def kserve_class(name):
    """{field: type} of a resource of KServe, from the text of the package's generated class: its import needs a hundred
    megabytes of other packages."""
    found = importlib.util.find_spec("kserve")
    if found is None:
        pytest.skip("kserve is not in .venv: scripts/setup installs it")
    text = (pathlib.Path(found.origin).parent / f"models/{name}.py").read_text()
    members = {}
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") in ("openapi_types", "attribute_map"):
            members[node.targets[0].id] = ast.literal_eval(node.value)
    return {members["attribute_map"][name]: kind for name, kind in members["openapi_types"].items()}


CHECKS = {"str": str, "bool": bool, "int": int, "list[str]": list, "dict(str, str)": dict}


def check_fields(value, fields):
    for name, part in value.items():
        assert name in fields, f"KServe knows no {name}, only {sorted(fields)}"
        if kind := CHECKS.get(fields[name]):
            assert type(part) is kind, f"{name} is {part!r}"


def test_the_serving_runtime_keeps_to_kserve_s_types():
    runtime = only("ServingRuntime", "kserve-runtime.yaml")
    assert runtime["apiVersion"] == "serving.kserve.io/v1alpha1"
    check_fields(runtime, kserve_class("v1alpha1_serving_runtime"))
    check_fields(runtime["spec"], kserve_class("v1alpha1_serving_runtime_spec"))
    for model_format in runtime["spec"]["supportedModelFormats"]:
        check_fields(model_format, kserve_class("v1alpha1_supported_model_format"))
    pod = {"containers": runtime["spec"]["containers"]}
    kubernetes_validate.validate(
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": pod}, KUBERNETES, strict=True
    )
    with pytest.raises(AssertionError):
        check_fields({"supportedModelFormat": []}, kserve_class("v1alpha1_serving_runtime_spec"))


# ---- systemd ----


def test_the_unit_is_one_that_systemd_takes(tmp_path):
    if shutil.which("systemd-analyze") is None:
        pytest.skip("there is no systemd-analyze here")
    text = (DEPLOY / "apus.service").read_text()
    assert "ExecStart=/usr/lib/apus/apus serve $APUS_OPTIONS\n" in text
    unit = tmp_path / "apus.service"
    unit.write_text(text.replace("/usr/lib/apus/apus", str(BUILD / "apus")))
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True, timeout=LONG)
    # It looks at the machine's other units as well.
    assert "apus.service" not in done.stderr, done.stderr
    assert done.returncode == 0, done.stderr
    unit.write_text(text.replace("Restart=on-failure", "Restart=sometimes"))
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True, timeout=LONG)
    assert "apus.service" in done.stderr, "it sees mistakes"


# ---- Prometheus and Grafana ----


@pytest.fixture(scope="module")
def exposed():
    """{metric: labels} of a server that has answered something, as Prometheus reads its page."""
    with apus_serve({"half_plus_two": MODELS / "half_plus_two"}) as server:
        server.wait_until_ready()
        for body in ['{"instances": [1.0, 2.0]}', '{"instances": ["no number"]}']:
            requests.post(f"{server.rest_url}/v1/models/half_plus_two:predict", data=body, timeout=LONG)
        found = {}
        for line in server.get("/metrics").text.splitlines():
            if sample := re.match(r"([a-zA-Z_:][\w:]*)(?:\{(.*)\})? ", line):
                found.setdefault(sample[1], set()).update(re.findall(r'(\w+)="', sample[2] or ""))
        assert any(name.startswith("apus_") for name in found)
        return found


# Words of PromQL that look like metrics.
WORDS = {"sum", "rate", "by", "histogram_quantile", "count", "ignoring", "group_left", "avg_over_time", "label_values"}
# What Prometheus adds to every series itself.
SCRAPED = {"job", "instance", "namespace", "pod", "app"}


def check_query(query, exposed):
    """Every metric that a query names is exposed, and has the labels it is asked for."""
    text = re.sub(r"<<[^>]*>>|\$__\w+", "", query)
    for name, matchers in re.findall(r"([a-zA-Z_:][\w:]*)\s*(?:\{([^}]*)\})?", re.sub(r"\b(?:by|ignoring)\s*\([^)]*\)", "", text)):
        if name in WORDS or (not matchers and not name.startswith(("apus_", ":"))):
            continue
        assert name in exposed, f"{query}: a server exposes no {name}"
        asked = set(re.findall(r"(\w+)\s*(?:=~|!=|!~|=)", matchers or ""))
        assert asked <= exposed[name] | SCRAPED, f"{query}: {name} has labels {sorted(exposed[name])}"
    for labels in re.findall(r"\bby\s*\(([^)]*)\)", text):
        names = {label.strip() for label in labels.split(",")} - {""}
        assert names <= set().union(*exposed.values()) | SCRAPED, query


def dashboard_queries():
    dashboard = json.loads((DEPLOY / "grafana/apus.json").read_text())
    for panel in dashboard["panels"]:
        for target in panel.get("targets", []):
            yield target["expr"]
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "query":
            yield variable["query"]["query"]


def test_the_dashboard_asks_for_what_a_server_exposes(exposed):
    queries = list(dashboard_queries())
    assert len(queries) > 20
    for query in queries:
        check_query(query, exposed)
    with pytest.raises(AssertionError):
        check_query('sum(rate(apus_request_duration_seconds_count{modell="m"}[1m]))', exposed)
    with pytest.raises(AssertionError):
        check_query("sum(apus_queue_request)", exposed)


def test_the_dashboard_is_one_that_grafana_takes():
    dashboard = json.loads((DEPLOY / "grafana/apus.json").read_text())
    panels = dashboard["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    cells = set()
    for panel in panels:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        taken = {(x, y) for x in range(place["x"], place["x"] + place["w"]) for y in range(place["y"], place["y"] + place["h"])}
        assert not taken & cells, f"{panel['title']} lies over another panel"
        cells |= taken
        for query in (target["expr"] for target in panel.get("targets", [])):
            assert query.count("(") == query.count(")") and query.count("{") == query.count("}"), query


def test_autoscaling_asks_for_what_a_server_exposes(exposed):
    metric = only("HorizontalPodAutoscaler", "kubernetes-autoscaling.yaml")["spec"]["metrics"][0]["pods"]["metric"]["name"]
    assert metric in exposed
    rule = yaml.safe_load((DEPLOY / "prometheus-adapter.yaml").read_text())["rules"]["custom"][0]
    assert rule["name"]["as"] == metric
    check_query(rule["seriesQuery"], exposed)
    check_query(only("ScaledObject", "keda.yaml")["spec"]["triggers"][0]["metadata"]["query"], exposed)
