"""`apus cluster` with a real ZooKeeper."""

import pytest

from support.server import free_port, run_program
from support.zookeeper import ZooKeeper


@pytest.fixture(scope="module")
def zookeeper(tmp_path_factory):
    with ZooKeeper(tmp_path_factory.mktemp("zookeeper")) as server:
        yield server


@pytest.fixture
def export(tmp_path):
    for name in ("entry", "ps_0", "ps_1"):
        (tmp_path / "export" / name / "1").mkdir(parents=True)
    return tmp_path / "export"


def cluster(zookeeper, command, *arguments, namespace="demo", layout="main", status=0, **options):
    done = run_program(
        "apus",
        "cluster",
        command,
        *arguments,
        f"--zk-servers={zookeeper.address}",
        f"--bzid={namespace}",
        f"--layout={layout}",
        **options,
    )
    assert done.returncode == status, done.stdout + done.stderr
    return done


def test_a_layout_is_published_shown_and_taken_back(zookeeper, export):
    published = cluster(zookeeper, "publish", export, "--model=m")
    assert published.stdout.split() == ["m:entry", "m:ps_0", "m:ps_1"]
    lines = cluster(zookeeper, "status").stdout.splitlines()
    assert lines[0] == f"m:entry  latest  {export}/entry"
    assert lines[2] == f"m:ps_0  latest_once  {export}/ps_0"
    assert lines[1].strip() == "no replica"
    assert cluster(zookeeper, "unpublish", "m:ps_0").stdout.split() == ["m:ps_0"]
    assert "m:ps_0" not in cluster(zookeeper, "status").stdout
    cluster(zookeeper, "unpublish", "m", "--forget")
    assert cluster(zookeeper, "status").stdout == ""


def test_what_is_not_there_is_said(zookeeper, export):
    assert "there is no layout /none/layouts/main" in cluster(zookeeper, "status", namespace="none", status=1).stderr
    cluster(zookeeper, "publish", export, "--model=m", layout="other")
    assert "n is not in /demo/layouts/other" in cluster(zookeeper, "unpublish", "n", layout="other", status=1).stderr


def test_without_zookeeper_the_command_ends(export):
    class Nobody:
        address = f"127.0.0.1:{free_port()}"

    assert "no server has answered" in cluster(Nobody, "status", "--timeout=0.5", status=1).stderr
