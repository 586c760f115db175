"""The scripts of the checkout themselves."""

import subprocess
import sys

import pytest

from support.paths import ROOT


def run(*command):
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, cwd=ROOT)


def test_a_second_set_up_does_nothing():
    done = run(ROOT / "scripts/setup")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_an_unknown_part_of_the_set_up_is_told():
    done = run(ROOT / "scripts/setup", "nothing")
    assert done.returncode == 1 and "packages, engine, litert, text, models and peers" in done.stderr


@pytest.mark.parametrize("name", ["imports", "protos", "parity", "places"])
def test_checks(name):
    done = run(sys.executable, ROOT / "scripts/check", name)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_demo_model_has_a_description():
    done = run(sys.executable, ROOT / "scripts/make-models", "--list")
    assert done.returncode == 0
    described = {line.split(":")[0] for line in done.stdout.splitlines() if line.split(":")[1].strip()}
    assert {path.name for path in (ROOT / ".models").iterdir() if path.is_dir()} <= described


REPORT = '<testsuites><testsuite>{}</testsuite></testsuites>'
PASSED, FAILED, SKIPPED = '<testcase/>', '<testcase name="t"><failure message="no"/></testcase>', '<testcase><skipped/></testcase>'


@pytest.mark.parametrize(
    "reports, broken, line, status",
    [
        ({"unit": PASSED * 2, "integration": PASSED}, [], "3 passed, 0 failed", 0),
        ({"unit": PASSED, "integration": PASSED + SKIPPED}, [], "2 passed, 0 failed, 1 skipped", 0),
        ({"unit": PASSED + FAILED}, ["unit"], "1 passed, 1 failed", 1),
        ({"unit": PASSED}, ["integration"], "1 passed, 1 failed", 1),
        ({"unit": PASSED}, ["unit"], "1 passed, 1 failed", 1),
        ({}, ["build"], "0 passed, 1 failed", 1),
        ({}, [], "0 passed, 0 failed", 1),
    ],
)
def test_totals(tmp_path, reports, broken, line, status):
    for name, cases in reports.items():
        (tmp_path / f"{name}.xml").write_text(REPORT.format(cases))
    done = run(sys.executable, ROOT / "scripts/count-tests", tmp_path, *broken)
    *failures, totals = done.stdout.splitlines()
    assert (totals, done.returncode) == (line, status)
    assert "".join(failures).count("FAILED") == "".join(reports.values()).count("<failure")
