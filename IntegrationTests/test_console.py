"""The console, as a headless Chromium shows it: real models, real load, and what the page says held against the API.

With APUS_SCREENSHOTS=SECONDS, test_light_and_dark alone takes the pictures of docs/images anew, after so long a load and
without the model of a hostile name.
"""

import contextlib
import json
import os
import re
import struct
import threading
import zlib

import pytest
import requests
import tensorflow as tf

from support.agents import Agent, write_export
from support.browser import chromium
from support.paths import MODELS, ROOT
from support.server import apus_serve, free_port, tensorflow_model_server
from support.waiting import LONG, NotYet, eventually

PICTURES = float(os.environ.get("APUS_SCREENSHOTS", 0))
HOSTILE = "<script>alert('name')</script>"
MODEL_NAMES = ["half_plus_two", "row_keeper", "text_classifier", "mobilenet_v2", "strings", "unknown_operation"]


@pytest.fixture(scope="module")
def negative(tmp_path_factory):
    """A model from images to images."""

    class Negative(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([None, None, None, 3], tf.float32, name="image")])
        def __call__(self, image):
            return {"negative": 1.0 - image}

    path = tmp_path_factory.mktemp("negative")
    module = Negative()
    tf.saved_model.save(module, str(path / "1"), signatures=module.__call__)
    return path


@pytest.fixture(scope="module")
def server(negative, tmp_path_factory):
    models = {name: MODELS / name for name in MODEL_NAMES}
    models["negative"] = negative
    if not PICTURES:
        models[HOSTILE] = tmp_path_factory.mktemp("empty")
    with apus_serve(models, "--load-retries=0") as server:
        for name in MODEL_NAMES:
            server.wait_for(name, 1, "END" if name == "unknown_operation" else "AVAILABLE")
        with load(server):
            yield server
        server.check_running()


@contextlib.contextmanager
def load(server):
    """Requests of two models, and some that fail."""
    over = threading.Event()

    def ask(model, bodies, pause):
        with requests.Session() as session:
            for index in range(10**9):
                body = json.dumps(bodies[index % len(bodies)])
                session.post(f"{server.rest_url}/v1/models/{model}:predict", data=body, timeout=LONG)
                if over.wait(pause):
                    return

    rows = [{"instances": [1.0] * count} for count in (1, 2, 3, 8)]
    plans = [("half_plus_two", rows, 0.004)] * 2 + [("row_keeper", rows, 0.02)] * 2
    plans += [("half_plus_two", [{"instances": ["no number"]}], 0.2)]
    threads = [threading.Thread(target=ask, args=plan) for plan in plans]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()


@pytest.fixture(scope="module")
def pages():
    with chromium() as pages:
        yield pages


@pytest.fixture(scope="module")
def page(pages, server):
    page = pages.open(server.rest_url + "/")
    yield page
    assert pages.complaints == []
    assert not pages.strangers, "only the server itself is asked"


def wait_for(page, expression, what):
    """Until a JavaScript expression gives something; returns it."""
    return eventually(lambda: page.evaluate(expression), what, interval=0.1)


def points(page):
    return page.evaluate("[...document.querySelectorAll('.chart')].map((chart) => Number(chart.dataset.points ?? 0))")


def numbers(page, chart):
    """What a chart's legend says: [text]."""
    return page.locator(f"#chart-{chart} .legend b").all_text_contents()


# ---- States ----


def test_states_and_reasons_are_those_of_the_api(server, page):
    def shown(name):
        body = page.locator(f"tbody[data-model='{name}']")
        cells = body.locator("[data-state]")
        return {int(cell.get_attribute("data-version")): cell.get_attribute("data-state") for cell in cells.all()}

    for name in MODEL_NAMES:
        answer = server.get(f"/v1/models/{name}").json()["model_version_status"]
        assert shown(name) == {int(status["version"]): status["state"] for status in answer}
    failed = server.get("/v1/models/unknown_operation").json()["model_version_status"][0]["status"]
    reason = page.locator("tbody[data-model=unknown_operation] .why").text_content()
    assert reason == f"{failed['error_code']}: {failed['error_message']}"
    assert page.locator("tbody[data-model=unknown_operation] .state").text_content() == "Failed"
    assert page.locator("#status").text_content().strip() == "Not ready: 2 models cannot answer"


def test_models_that_cannot_answer_come_first(page):
    names = page.locator("#states tbody th[scope=row]").all_text_contents()
    assert names[:2] == [HOSTILE, "unknown_operation"]
    assert names[2:] == sorted(names[2:])


def test_names_are_text_whatever_is_in_them(page):
    assert page.locator("#states tbody th", has_text=HOSTILE).count() == 1
    assert page.locator("main img").count() == 0


def test_a_new_version_appears_without_a_reload(pages, tmp_path):
    model = tmp_path / "model"
    model.mkdir()
    (model / "1").symlink_to(MODELS / "half_plus_two/1")
    with apus_serve({"m": model}) as server:
        server.wait_until_ready()
        page = pages.open(server.rest_url)
        assert page.locator("#status").text_content().strip() == "Ready"
        (model / "2").symlink_to(MODELS / "half_plus_two/1")
        wait_for(page, "document.querySelector('[data-version=\"2\"][data-state=AVAILABLE]') !== null", "version 2")
        wait_for(page, "document.querySelector('[data-version=\"1\"][data-state=END]') !== null", "the end of version 1")
        assert page.locator("[data-version='1'] .state").text_content() == "Unloaded"
        page.close()


# ---- Charts ----


def test_charts_get_points_and_show_the_load(server, page):
    wait_for(page, "[...document.querySelectorAll('.chart')].every((chart) => chart.dataset.points >= 4)", "four points")
    assert len(points(page)) == 6
    for chart in ["rate", "latency", "batch", "cpu", "memory"]:
        assert page.locator(f"#chart-{chart} path.line").count() >= 1, chart
    samples = server.get("/console/samples").json()
    answered, failed = [float(text.replace(",", "")) for text in numbers(page, "rate")]
    assert 0 < answered <= 2 * max(samples["succeeded"])
    assert 0 < max(samples["failed"])
    assert numbers(page, "memory")[0].endswith("iB")
    resident = int(open(f"/proc/{server.process.pid}/statm").read().split()[1]) * os.sysconf("SC_PAGESIZE")
    assert samples["memory"][-1] == pytest.approx(resident, rel=0.5)


def test_samples_come_once_a_second_and_count_what_was_answered(server):
    before = server.get("/console/samples").json()

    def look():
        later = server.get(f"/console/samples?since={before['next']}").json()
        if len(later["date"]) < 3:
            raise NotYet(later)
        return later

    later = eventually(look, "three samples")
    gaps = [b - a for a, b in zip(later["date"], later["date"][1:])]
    assert all(500 < gap < 5000 for gap in gaps), gaps
    metrics = server.get("/metrics").text
    counted = sum(int(n) for n in re.findall(r'request_latency_count\{[^}]*API="predict"[^}]*\} (\d+)', metrics))
    samples = server.get("/console/samples").json()
    assert 0.5 * counted < sum(samples["succeeded"]) < 1.5 * counted


def test_a_page_that_is_opened_late_shows_what_was_before(pages, server, page):
    at_least = max(points(page))
    late = pages.open(server.rest_url)
    wait_for(late, "document.querySelector('.chart')?.dataset.points > 0", "points")
    assert min(points(late)) >= at_least
    late.close()


def test_charts_of_one_model(page):
    page.select_option("#traffic-model", "strings")
    wait_for(page, "document.querySelector('#chart-rate .legend b').textContent === '0'", "no traffic of strings")
    page.select_option("#traffic-model", "row_keeper")
    wait_for(page, "parseFloat(document.querySelector('#chart-rate .legend b').textContent) > 0", "traffic of row_keeper")
    page.select_option("#traffic-model", "")


def test_the_table_has_the_traffic_of_each_model(page):
    figure = "tbody[data-model={}] [data-figure=succeeded]"
    script = "parseFloat(document.querySelector('tbody[data-model=half_plus_two] [data-figure=succeeded]').textContent) > 0"
    wait_for(page, script, "traffic of half_plus_two")
    assert page.locator(figure.format("strings")).text_content() == "0"


def test_the_keyboard_moves_in_time(page):
    chart = page.locator("#chart-rate")
    chart.focus()
    page.keyboard.press("ArrowLeft")
    assert re.fullmatch(r"\d\d:\d\d:\d\d", chart.locator(".when").text_content())
    assert page.locator("#chart-cpu svg .cross").count() == 1, "all charts show the same time"
    page.keyboard.press("Escape")
    assert chart.locator(".when").text_content() == ""


# ---- Scheduler ----


def test_the_scheduler_explains_itself(server, page):
    page.select_option("#scheduler-model", "half_plus_two")
    card = page.locator("[data-queue=serving_default]")
    card.wait_for()
    queue = next(q for q in server.get("/v1/models/half_plus_two/scheduler").json()["queues"] if q["requests"] == "serving_default")
    assert card.locator("svg.curve circle").count() >= 1
    assert card.locator("dd").first.text_content().split(":")[0] in ("arrivals", "idle", queue["limited_by"].split(":")[0])
    assert card.locator("tbody tr").count() >= 1
    page.select_option("#scheduler-model", "strings")
    page.get_by_text("No request has come to strings yet.").wait_for()
    page.select_option("#scheduler-model", "half_plus_two")


# ---- Playground ----


def choose(page, model):
    page.select_option("#play-model", model)
    page.locator(f"#play-form[data-model={model}] textarea").first.wait_for()


def ask(page, model, text=None):
    choose(page, model)
    if text is not None:
        page.locator("#play-form textarea").first.fill(text)
    page.locator("#play-form button[type=submit]").click()


def test_the_playground_answers_as_the_api_does(server, page):
    ask(page, "half_plus_two", "[1, 2, 5]")
    page.locator("[data-output=y]").wait_for()
    rows = page.locator("[data-output=y] tbody td.number:last-child").all_text_contents()
    api = server.post("/v1/models/half_plus_two:predict", {"inputs": [1, 2, 5]}).json()["outputs"]
    assert [float(text) for text in rows] == api == [2.5, 3.0, 4.5]


def test_the_playground_says_what_is_wrong(server, page):
    ask(page, "half_plus_two", "[1, 2")
    page.locator("#play-answer .error", has_text="x is not JSON").wait_for()
    ask(page, "half_plus_two", '["text"]')
    answer = server.post("/v1/models/half_plus_two:predict", {"signature_name": "serving_default", "inputs": {"x": ["text"]}})
    page.locator("#play-answer .error", has_text=answer.json()["error"][:60]).wait_for()


def png(width, height, colour):
    """A picture of one colour."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = (b"\0" + bytes(colour) * width) * height
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def test_images_go_in_and_come_out(page):
    choose(page, "negative")
    chooser = page.locator("#play-form input[type=file]")
    chooser.set_input_files({"name": "red.png", "mimeType": "image/png", "buffer": png(24, 16, (255, 0, 51))})
    wait_for(page, "document.querySelector('#play-form textarea').value.startsWith('red.png as 16 × 24 × 3')", "the image")
    page.locator("#play-form button[type=submit]").click()
    page.locator("#play-answer canvas").wait_for()
    pixel = page.evaluate(
        "[...document.querySelector('#play-answer canvas').getContext('2d').getImageData(5, 5, 1, 1).data]"
    )
    assert pixel == [0, 255, 204, 255]


def test_scores_are_ranked(page):
    choose(page, "mobilenet_v2")
    chooser = page.locator("#play-form input[type=file]")
    chooser.set_input_files({"name": "blue.png", "mimeType": "image/png", "buffer": png(300, 200, (0, 0, 255))})
    wait_for(page, "document.querySelector('#play-form textarea').value.includes('224 × 224 × 3')", "the image")
    page.locator("#play-form button[type=submit]").click()
    page.locator("#play-answer meter").first.wait_for()
    values = [float(text) for text in page.locator("#play-answer .bars .number:not(.muted)").all_text_contents()]
    assert len(values) == 10 and values == sorted(values, reverse=True)


def test_text_goes_in(server, page):
    choose(page, "strings")
    assert '"text"' in page.locator("#play-form textarea").first.input_value()


# ---- Control ----


def test_without_control_there_are_no_buttons(page):
    assert page.locator("button[data-action]").count() == 0


def test_buttons_load_and_unload_where_control_is_enabled(pages):
    with apus_serve({"half_plus_two": MODELS / "half_plus_two"}, "--enable-control") as server:
        server.wait_until_ready()
        page = pages.open(server.rest_url)
        page.on("dialog", lambda dialog: dialog.accept())
        page.get_by_role("button", name="unload half_plus_two").click()
        page.locator("tbody[data-model=half_plus_two] [data-state=END]").wait_for()
        assert server.versions("half_plus_two") == {1: "END"}
        page.get_by_role("button", name="load half_plus_two", exact=True).click()
        page.locator("tbody[data-model=half_plus_two] [data-state=AVAILABLE]").wait_for()
        assert server.versions("half_plus_two") == {1: "AVAILABLE"}
        page.close()


def test_where_keys_are_asked_for_the_page_asks_for_one(pages, tmp_path):
    keys = tmp_path / "keys"
    keys.write_text("look look-0123456789abcdef status,metrics,debug\n")
    keys.chmod(0o600)
    with apus_serve({"half_plus_two": MODELS / "half_plus_two"}, f"--api-keys={keys}") as server:
        server.line("state=AVAILABLE")
        locked = server.get("/")
        assert locked.status_code == 200 and "half_plus_two" not in locked.text
        for path in ["/console/states", "/console/about", "/console/samples", "/console/scheduler?model=half_plus_two"]:
            assert server.get(path).status_code == 401, path
        assert server.get("/", headers={"Authorization": "Bearer wrong-key-0123456789"}).status_code == 401
        with chromium_page(pages, server.rest_url) as page:
            page.locator("#key-text").fill("wrong-key-0123456789")
            page.locator("#key button").click()
            page.locator("#key-note", has_text="not one of this server's").wait_for()
            page.locator("#key-text").fill("look-0123456789abcdef")
            page.locator("#key button").click()
            page.locator("tbody[data-model=half_plus_two] [data-state=AVAILABLE]").wait_for()
            wait_for(page, "document.querySelector('.chart').dataset.points > 0", "points")
            page.reload()
            page.locator("tbody[data-model=half_plus_two] [data-state=AVAILABLE]").wait_for()


def test_the_control_port_has_the_console_when_there_is_one(pages):
    with apus_serve({"half_plus_two": MODELS / "half_plus_two"}, "--control-port=0") as server:
        server.wait_until_ready()
        port = server.line(r"Running the control port at \S*?:(\d+)")[1]
        assert server.get("/").status_code == 403
        page = pages.open(f"http://127.0.0.1:{port}/")
        page.locator("button[data-action=unload]").wait_for()
        page.close()


# ---- How it looks, and what it does when things go wrong ----


def settle(page):
    """The page as people will mostly see it."""
    page.select_option("#scheduler-model", "half_plus_two")
    ask(page, "half_plus_two", "[1, 2, 5]")
    page.locator("[data-output=y]").wait_for()
    page.locator("[data-queue=serving_default]").wait_for()


def test_light_and_dark(pages, server):
    colours = {}
    eventually(lambda: len(server.get("/console/samples").json()["date"]) > PICTURES, "samples", timeout=600, interval=1)
    for scheme in ["light", "dark"]:
        page = pages.open(server.rest_url, scheme, size=(1280, 800))
        wait_for(page, "document.querySelector('.chart')?.dataset.points > 0", "points")
        wait_for(page, "document.querySelector('#slow-requests')?.childElementCount > 0", "slow requests")
        settle(page)
        colours[scheme] = page.evaluate("getComputedStyle(document.body).backgroundColor")
        height = page.evaluate("document.documentElement.scrollHeight")
        page.set_viewport_size({"width": 1280, "height": height})
        picture = page.screenshot()
        assert len(picture) > 20_000, "there is something to see"
        if PICTURES:
            pixels = tf.io.decode_png(picture, channels=3)
            smaller = tf.io.encode_png(pixels - pixels % 4, compression=9).numpy()
            (ROOT / f"docs/images/console-{scheme}.png").write_bytes(smaller)
        page.close()
    light, dark = [[int(part) for part in re.findall(r"\d+", colour)] for colour in colours.values()]
    assert min(light[:3]) > 200 and max(dark[:3]) < 60


def test_slow_and_failed_requests_are_listed(pages, server):
    assert server.post("/v1/models/half_plus_two:predict", b'{"instances": ["a"]}').status_code == 400
    kept = server.get("/v1/debug/requests?kept=failed&model=half_plus_two").json()["requests"]
    page = pages.open(server.rest_url)
    wait_for(page, "document.querySelector('#slow-requests tbody tr')", "a row")
    text = page.inner_text("#slow-requests")
    assert kept[0]["error"] in text and kept[0]["status"] in text
    assert page.locator("#slow-requests .stages i").count() % 5 == 0
    page.close()


def test_a_container_shows_its_deployment(pages, server, tmp_path):
    write_export(tmp_path / "export")
    conf = tmp_path / "agent.conf"
    conf.write_text(f"agent_version 1\ndeploy_type ps\nnum_ps 2\nbase_path {tmp_path / 'export'}\n")
    with Agent(conf, tmp_path, environment={"SHARD_ID": "0"}) as agent:
        agent.wait_until_ready()
        page = pages.open(agent.rest_url)
        row = page.locator("#deployment tr", has_text="ps_1")
        row.wait_for()
        assert agent.grpc_address in row.inner_text()
        assert f"ps_0, ps_1, of the folder {tmp_path / 'export'}" in page.inner_text("#deployment")
        page.close()
    page = pages.open(server.rest_url)
    wait_for(page, "document.querySelector('.chart')?.dataset.points > 0", "points")
    assert page.locator("#deployment").is_hidden()
    page.close()


def test_narrow_pages_do_not_scroll_sideways(pages, server):
    page = pages.open(server.rest_url, size=(360, 700))
    wait_for(page, "document.querySelector('.chart')?.dataset.points > 0", "points")
    settle(page)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.close()


def test_a_server_that_is_gone_is_told(pages):
    with apus_serve({"half_plus_two": MODELS / "half_plus_two"}) as server:
        server.wait_until_ready()
        with chromium_page(pages, server.rest_url) as page:
            page.locator(".chart").first.wait_for()
            server.stop()
            page.locator("#lost", has_text="The server does not answer since").wait_for()


@contextlib.contextmanager
def chromium_page(pages, url):
    """A page whose complaints do not count: it is left without its server."""
    known = list(pages.complaints)
    page = pages.open(url)
    try:
        yield page
    finally:
        page.close()
        pages.complaints[:] = known


def test_without_its_script_the_page_tells_the_states(server):
    page = server.get("/")
    assert page.status_code == 200
    assert 'data-state="AVAILABLE"' in page.text and HOSTILE not in page.text


def test_the_console_can_be_turned_off():
    def stock(*options):
        ports = [f"--port={free_port()}", f"--rest_api_port={free_port()}"]
        return tensorflow_model_server(*ports, f"--model_base_path={MODELS}/half_plus_two", *options)

    with (
        apus_serve({"half_plus_two": MODELS / "half_plus_two"}, "--no-console") as own,
        stock("--console=false") as without,
        stock() as with_console,
    ):
        assert own.get("/").status_code == 404
        assert own.get("/console/about").status_code == 404
        assert without.get("/").status_code == 404
        assert with_console.get("/").status_code == 200


@pytest.mark.parametrize("path, status", [
    ("/console/none", 404), ("/console/../metrics", 404), ("/console/samples?since=-1", 400),
    ("/console/samples?since=99999999999999999999", 400), ("/console/scheduler", 400),
    ("/console/scheduler?model=none", 404), ("/console/scheduler?model=%ff%00", 404), ("/console/samples?model=%", 200),
])
def test_hostile_paths(server, path, status):
    session = requests.Session()
    request = requests.Request("GET", server.rest_url).prepare()
    request.url = server.rest_url + path
    assert session.send(request, timeout=LONG).status_code == status
