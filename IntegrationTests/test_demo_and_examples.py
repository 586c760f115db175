"""What the README and Examples/ tell a newcomer to run."""

import os
import re
import signal
import socket
import subprocess
import sys

import pytest

from support.paths import BUILD, ROOT
from support.server import Server, free_port
from support.waiting import LONG


def script(*command, **environment):
    """A script that becomes a server, or starts one."""
    return Server(*command, environment={"APUS_BUILD_DIR": str(BUILD), "PYTHONUNBUFFERED": "1", **environment})


def run(*command):
    environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    return subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, timeout=LONG, check=True, env=environment
    ).stdout


def test_the_demo_asks_answers_and_ends_with_ctrl_c():
    with script(sys.executable, ROOT / "scripts/demo") as demo:
        demo.line(r"answer .*\[\[2\.5\], \[3\.0\], \[4\.5\]\]")
        demo.line(r'answer .*\{"predictions": \[2\.5, 3\.0, 4\.5\]\}')
        demo.line("the server runs until Ctrl-C")
        demo.signal(signal.SIGINT)
        assert demo.wait() == 0
        assert "the server has ended with status 0" in demo.output


def test_the_demo_moves_to_free_ports_and_says_so():
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            taken.bind(("127.0.0.1", 8500))
            taken.listen()
        except OSError:
            pass  # Taken by somebody else, which is as good.
        with script(sys.executable, ROOT / "scripts/demo") as demo:
            port = int(demo.line(r"port 8500 is taken; gRPC is on (\d+) instead")[1])
            demo.line(f"Running gRPC ModelServer at .*:{port} ")
            demo.line("the server runs until Ctrl-C")


EXPECTED = {
    "half_plus_two": (r"version 1: \[2\.5, 3\.0, 4\.5\]", [r'"predictions": \[2\.5, 3\.0, 4\.5', '"state": "AVAILABLE"']),
    "many_models": (
        r"strings: \[b'ONE', b'TWO', b'SWIFT'\] \[1, 2, -1\]\n"
        r"multi_signature: .'difference': \[-1\.0\], 'product': \[42\.0\], 'sum': \[13\.0\].\n"
        r"multi_signature, scale: \[10\.0, 20\.0\]\n"
        r"mobilenet_v2: class \d+\n"
        r"strings, version 1: AVAILABLE",
        ['"product": 42.0', '"product": ', r'"ONE", ?"TWO"', '"b64": "AP8="'],
    ),
}


@pytest.mark.parametrize("example", EXPECTED)
def test_examples(example):
    grpc_expected, rest_expected = EXPECTED[example]
    folder = ROOT / "Examples" / example
    ports = {"GRPC_PORT": str(free_port()), "REST_PORT": str(free_port())}
    with script(folder / "serve.sh", **ports) as server:
        server.wait_until_ready()
        assert re.search(grpc_expected, run(sys.executable, folder / "client.py", server.grpc_address))
        answer = run(folder / "ask.sh", f"127.0.0.1:{server.rest_port}")
        for expected in rest_expected:
            assert re.search(expected, answer), answer


def test_the_recommender_learns_while_it_is_served_by_one_process_and_by_two_machines(tmp_path):
    folder = tmp_path / "recommender"
    with script(ROOT / "Examples/recommender/run", f"--folder={folder}") as example:
        assert example.wait() == 0, example.output
    output = example.output
    assert re.findall(r"(\d+) failed", output) == ["0", "0"]
    assert all(int(count) > 0 for count in re.findall(r"meanwhile (\d+) requests were answered", output))
    # In one process: before and after the pushes. On two machines also after one was started anew.
    known, new = zip(*re.findall(r"served: AUC (\S+) for users of the export, (\S+) for new users", output))
    assert len(known) == 5 and all(float(auc) > 0.74 for auc in known), output
    before, after = [float(new[index]) for index in (0, 2)], [float(new[index]) for index in (1, 3, 4)]
    assert max(before) < 0.7 < 0.75 < min(after), output
    for part in ("entry", "ps_0", "ps_1", "ps_2"):
        assert re.search(rf"^recommender:{part} .*\n +\S+", output, re.MULTILINE), output


def test_every_example_is_run_here():
    scripts = [path for name in ("serve.sh", "run") for path in (ROOT / "Examples").glob(f"*/{name}")]
    assert sorted(path.parent.name for path in scripts) == sorted([*EXPECTED, "recommender"])
