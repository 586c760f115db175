"""Models of stores: found, fetched into the local cache, checked, served; and what becomes of them when the store, the
network or somebody's archive is not as it should be."""

import hashlib
import io
import json
import os
import signal
import tarfile
import zipfile

import pytest
import requests
from support.asking import Asking
from support.metrics import scrape
from support.model_config import config_list, model
from support.paths import MODELS
from support.server import apus_serve
from support.stores import (
    KEYS,
    gcs_server,
    gcs_upload,
    python_web_server,
    s3_client,
    s3_server,
    web_server,
)
from support.versions import publish
from support.waiting import eventually

HALF = MODELS / "half_plus_two_tf2" / "1"
# Nothing of the machine's may matter.
BARE = {"AWS_EC2_METADATA_DISABLED": "true", "NO_GCE_CHECK": "true", "HOME": "/nonexistent", "AWS_REGION": "us-east-1"}


def serve(base, cache, *arguments, environment=None, name="half", **options):
    """A server with one model of a store, which it asks every second."""
    return apus_serve(
        {name: base},
        f"--store-cache-dir={cache}",
        "--settle-ms=0",
        "--store-poll-seconds=1",
        *arguments,
        environment={**BARE, **(environment or {})},
        **options,
    )


def answer(server, name="half"):
    return server.post(f"/v1/models/{name}:predict", {"instances": [2.0]}).json().get("predictions")


def files_of(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def add_checksums(folder):
    lines = [f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in files_of(folder).items()]
    (folder / "SHA256SUMS").write_text("".join(lines))


def tar(target, entries):
    """Entries are pairs of a name and of bytes, or of a `TarInfo` that says more."""
    with tarfile.open(target, "w:gz") as archive:
        for name, content in entries:
            info = content if isinstance(content, tarfile.TarInfo) else tarfile.TarInfo(name)
            data = b"" if isinstance(content, tarfile.TarInfo) else content
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return target


def status(server, version, name="half"):
    return server.version_status(name, version)


# ---- S3 ----


@pytest.fixture(scope="module")
def s3(tmp_path_factory):
    with s3_server(tmp_path_factory.mktemp("s3")) as server:
        eventually(lambda: requests.get(server.url + "/moto-api/data.json", timeout=5).ok, "moto")
        yield server


@pytest.fixture
def bucket(s3, request):
    client = s3_client(s3)
    name = f"models-{abs(hash(request.node.name)) % 10**8}"
    client.create_bucket(Bucket=name)
    return client, name


def upload(client, name, version, folder=HALF, prefix="half"):
    for path, content in files_of(folder).items():
        client.put_object(Bucket=name, Key=f"{prefix}/{version}/{path}", Body=content)


def test_a_model_of_s3_is_served_and_a_new_version_takes_over(s3, bucket, tmp_path):
    client, name = bucket
    upload(client, name, 1)
    environment = {"AWS_ENDPOINT_URL": s3.url, **KEYS}
    with serve(f"s3://{name}/half/", tmp_path / "cache", environment=environment) as server:
        server.wait_for("half", 1)
        assert answer(server) == [3.0]
        with Asking(server) as asking:
            upload(client, name, 2)
            server.wait_for("half", 2)
            eventually(lambda: asking.versions == {1, 2}, "the new version to answer")
        assert not asking.failures
    # What is in the cache needs no store but its listing.
    blobs = {path.name for path in (tmp_path / "cache" / "blobs").iterdir()}
    assert blobs == {hashlib.sha256(content).hexdigest() for content in files_of(HALF).values()}
    with serve(f"s3://{name}/half", tmp_path / "cache", environment=environment) as server:
        server.wait_for("half", 2)
        assert not any("Fetching a version" in line for line in server.lines)


def test_requests_to_s3_are_signed_as_amazon_wants_it(s3, bucket, tmp_path):
    """moto checks signatures with botocore once it is told to."""
    client, name = bucket
    upload(client, name, 1, prefix="ein modell+x=y")
    iam = s3_client(s3, "iam")
    iam.create_user(UserName="apus")
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
    iam.put_user_policy(UserName="apus", PolicyName="all", PolicyDocument=json.dumps(policy))
    key = iam.create_access_key(UserName="apus")["AccessKey"]
    requests.post(s3.url + "/moto-api/reset-auth", data="0", timeout=5).raise_for_status()
    try:
        home = tmp_path / "home"
        (home / ".aws").mkdir(parents=True)
        (home / ".aws" / "credentials").write_text(
            f"[work]\naws_access_key_id = {key['AccessKeyId']}\naws_secret_access_key = {key['SecretAccessKey']}\n"
        )
        (home / ".aws" / "config").write_text(f"[profile work]\nregion = us-east-1\nendpoint_url = {s3.url}\n")
        environment = {"HOME": str(home), "AWS_PROFILE": "work"}
        config = tmp_path / "models.config"
        config.write_text(config_list(model("half", f"s3://{name}/ein modell+x=y")))
        arguments = [f"--config={config}", f"--store-cache-dir={tmp_path / 'cache'}", "--settle-ms=0"]
        with apus_serve({}, *arguments, environment={**BARE, **environment}) as server:
            server.wait_for("half", 1)
        wrong = {"AWS_ENDPOINT_URL": s3.url, "AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": "wrong"}
        with serve(f"s3://{name}/x", tmp_path / "other", environment=wrong) as server:
            server.line("the store answers 403: .*SignatureDoesNotMatch")
    finally:
        requests.post(s3.url + "/moto-api/reset-auth", data=str(10**9), timeout=5).raise_for_status()


def test_names_in_a_bucket_that_lead_out_of_it_are_refused_one_by_one(s3, bucket, tmp_path):
    client, name = bucket
    upload(client, name, 1)
    for key in ["half/1/../../../evil", "half/1/a//b", "half/1//etc/passwd", "half/../2/saved_model.pb"]:
        client.put_object(Bucket=name, Key=key, Body=b"x")
    with serve(f"s3://{name}/half", tmp_path / "cache", environment={"AWS_ENDPOINT_URL": s3.url, **KEYS}) as server:
        server.wait_for("half", 1)
        for key in [r"half/1/\.\./\.\./\.\./evil", "half/1/a//b", "half/1//etc/passwd", r"half/\.\./"]:
            server.line(f"name={key}")
        assert answer(server) == [3.0]
    assert not list(tmp_path.glob("**/evil"))


# ---- Google's storage ----


def test_a_model_of_google_storage(tmp_path):
    with gcs_server(tmp_path) as store:
        for path, content in files_of(HALF).items():
            gcs_upload(store, f"a b/half/1/{path}", content)
        config = tmp_path / "models.config"
        config.write_text(config_list(model("half", "gs://models/a b/half")))
        arguments = [f"--config={config}", f"--store-cache-dir={tmp_path / 'cache'}", "--settle-ms=0", "--store-poll-seconds=1"]
        environment = {**BARE, "STORAGE_EMULATOR_HOST": store.url}
        with apus_serve({}, *arguments, environment=environment) as server:
            server.wait_for("half", 1)
            assert answer(server) == [3.0]
            for path, content in files_of(HALF).items():
                gcs_upload(store, f"a b/half/2/{path}", content)
            server.wait_for("half", 2)


# ---- Web servers ----


@pytest.mark.parametrize("as_json", [False, True])
def test_a_model_of_a_web_server(tmp_path, as_json):
    root = tmp_path / "root"
    (root / "half").mkdir(parents=True)
    publish("half_plus_two_tf2", root / "half", 1)
    password = "models:{PLAIN}geheim\n"
    with web_server(tmp_path, root, json=as_json, user=password) as store:
        netrc = tmp_path / "netrc"
        netrc.write_text("machine 127.0.0.1 login models password geheim\n")
        with serve(f"{store.url}/half", tmp_path / "cache", environment={"NETRC": str(netrc)}) as server:
            server.wait_for("half", 1)
            assert answer(server) == [3.0]
            publish("half_plus_two_tf2", root / "half", 2)
            server.wait_for("half", 2)
            # Rolled back.
            for path in sorted((root / "half" / "2").rglob("*"), reverse=True):
                path.rmdir() if path.is_dir() else path.unlink()
            (root / "half" / "2").rmdir()
            server.wait_for("half", 2, "END")
            assert answer(server) == [3.0]
        with serve(f"{store.url}/half", tmp_path / "other") as server:
            server.line("the store answers 401")


def test_a_web_server_without_ranges(tmp_path):
    root = tmp_path / "root"
    big = root / "half" / "1"
    big.parent.mkdir(parents=True)
    publish("half_plus_two_tf2", root / "half", 1)
    (big / "assets.extra").mkdir()
    (big / "assets.extra" / "much").write_bytes(os.urandom(20 << 20))
    with python_web_server(tmp_path, root) as store, serve(f"{store.url}/half", tmp_path / "cache") as server:
        server.wait_for("half", 1)
    [copy] = (tmp_path / "cache" / "versions").glob("*/files/assets.extra/much")
    assert copy.read_bytes() == (big / "assets.extra" / "much").read_bytes()


def test_a_fetch_that_is_cut_off_goes_on_where_it_was_and_half_is_never_served(tmp_path):
    """The store is killed and comes back, then the server is killed: the next start fetches what is missing, no more."""
    root = tmp_path / "root"
    (root / "half").mkdir(parents=True)
    new = publish("half_plus_two_tf2", root / "half", 1)
    (new / "assets.extra").mkdir()
    (new / "assets.extra" / "much").write_bytes(os.urandom(64 << 20))
    add_checksums(new)
    cache = tmp_path / "cache"
    configuration = tmp_path / "nginx.conf"

    def parts():
        return max((path.read_bytes().count(1) for path in cache.glob("partial/*/*.parts")), default=0)

    # Two connections with 8 MiB each: a part is there every second.
    with web_server(tmp_path, root, rate="4m") as store:
        with serve(f"{store.url}/half", cache, "--fetch-connections=2") as server:
            eventually(lambda: parts() >= 1, "a part", check=server.check_running)
            # Looked at once a second.
            eventually(lambda: " MB of 67." in status(server, 1).status.error_message, "progress in the status")
            fetching = status(server, 1)
            assert fetching.state == 10 and fetching.status.error_code == 0  # START
            before = parts()
            store.kill()
            store.start()
            eventually(lambda: parts() >= before + 2, "more parts", check=server.check_running)
            server.signal(signal.SIGKILL)
            server.wait()
        done = parts()
        # The journal may have been read, or the server killed, while it was written.
        assert 1 <= done < 8 and not list(cache.glob("versions/*"))
        store.stop()
        configuration.write_text(configuration.read_text().replace("limit_rate 4m;", ""))
        log = tmp_path / "access.log"
        log.write_text("")
        store.start()
        with serve(f"{store.url}/half", cache) as server:
            server.wait_for("half", 1)
            assert answer(server) == [3.0]
            told = scrape(server).samples
            assert told["apus_store_fetches_total", ()] == told["apus_store_resumed_fetches_total", ()] == 1
            assert told["apus_store_fetch_failures_total", ()] == 0
            assert 0 < told["apus_store_fetched_bytes_total", ()] < 64 << 20 < told["apus_store_cache_bytes", ()]
        with serve(f"{store.url}/half", cache) as server:
            server.wait_for("half", 1)
            told = scrape(server).samples
            assert told["apus_store_cache_hits_total", ()] == 1 and told["apus_store_fetches_total", ()] == 0
        fetched = [line for line in log.read_text().splitlines() if "GET /half/1/assets.extra/much" in line]
        assert len(fetched) == 8 - done
    [copy] = cache.glob("versions/*/files/assets.extra/much")
    assert copy.read_bytes() == (new / "assets.extra" / "much").read_bytes()


def test_a_checksum_that_does_not_agree_is_never_served(tmp_path):
    root = tmp_path / "root"
    (root / "half").mkdir(parents=True)
    publish("half_plus_two_tf2", root / "half", 1)
    with web_server(tmp_path, root) as store, serve(f"{store.url}/half", tmp_path / "cache") as server:
        server.wait_for("half", 1)
        new = publish("half_plus_two_tf2", root / "half", ".2")
        # Not the graph: what its checksum stands for is in the cache, and would be taken from there.
        (new / "assets.extra").mkdir()
        (new / "assets.extra" / "words").write_text("one two")
        add_checksums(new)
        (new / "assets.extra" / "words").write_text("one too")
        new.rename(root / "half" / "2")
        new = root / "half" / "2"
        server.line("assets.extra/words is not what it should be: its SHA-256 is")
        eventually(lambda: status(server, 2).status.error_code == 15, "DATA_LOSS in the status")
        assert status(server, 2).state == 10  # START
        assert answer(server) == [3.0]
        assert scrape(server).samples["apus_store_fetch_failures_total", ()] >= 1
        assert len(list((tmp_path / "cache" / "versions").iterdir())) == 1
        (new / "assets.extra" / "words").write_text("one two")
        server.wait_for("half", 2)


def test_an_outage_neither_unloads_nor_sticks(tmp_path):
    root = tmp_path / "root"
    (root / "half").mkdir(parents=True)
    publish("half_plus_two_tf2", root / "half", 1)
    with web_server(tmp_path, root) as store, serve(f"{store.url}/half", tmp_path / "cache") as server:
        server.wait_for("half", 1)
        with Asking(server) as asking:
            store.stop()
            server.line("Could not read the base path; the model stays as it is")
            publish("half_plus_two_tf2", root / "half", 2)
            before = len(asking.times)
            eventually(lambda: len(asking.times) > before + 50, "answers during the outage")
            assert server.versions("half") == {1: "AVAILABLE"}
            store.start()
            server.wait_for("half", 2)
        assert not asking.failures


# ---- Archives ----


def make_archives(root):
    files = list(files_of(HALF).items())
    tar(root / "1.tar.gz", files)
    # As `tar czf model.tgz half_plus_two/` makes it.
    tar(root / "2.tgz", [(f"./half/{name}", content) for name, content in files])
    with zipfile.ZipFile(root / "3.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files:
            archive.writestr(name, content)


def test_archives_are_versions(tmp_path):
    root = tmp_path / "root"
    (root / "half").mkdir(parents=True)
    make_archives(root / "half")
    config = tmp_path / "models.config"
    with web_server(tmp_path, root) as store:
        config.write_text(
            config_list(
                model("half", f"{store.url}/half", "model_version_policy { all {} }"),
                model("one", f"{store.url}/half/3.zip"),
            )
        )
        arguments = [f"--config={config}", f"--store-cache-dir={tmp_path / 'cache'}", "--settle-ms=0"]
        with apus_serve({}, *arguments, environment=BARE) as server:
            for version in [1, 2, 3]:
                server.wait_for("half", version)
            server.wait_for("one", 1)
            assert answer(server) == [3.0] and answer(server, "one") == [3.0]
    # Of the archives only what was in them is kept, and that once.
    blobs = list((tmp_path / "cache" / "blobs").iterdir())
    assert len(blobs) == len(files_of(HALF))


def link(name, target, kind=tarfile.SYMTYPE):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def test_hostile_archives_are_refused_one_by_one(tmp_path):
    root = tmp_path / "root"
    (root / "half").mkdir(parents=True)
    files = list(files_of(HALF).items())
    hostile = {
        10: ([("../evil", b"x"), *files], r"an entry that leads out of it, or has no proper name: \.\./evil"),
        11: ([(f"{tmp_path}/evil", b"x"), *files], "an entry that leads out of it, or has no proper name: /"),
        12: ([("out", link("out", "/etc")), ("out/evil", b"x"), *files], "a link, which models need none of: out"),
        13: ([*files, ("hard", link("hard", "/etc/passwd", tarfile.LNKTYPE))], "a link, which models need none of: hard"),
        14: ([("pipe", link("pipe", "", tarfile.FIFOTYPE)), *files], "an entry that is neither a file nor a folder: pipe"),
        15: ([*files, files[0]], "two entries of the name"),
        16: ([*files, ("bomb", bytes(50 << 20))], "more than 20.0 MB when it is unpacked, which is the limit"),
    }
    for version, (entries, _) in hostile.items():
        tar(root / "half" / f"{version}.tar.gz", entries)
    (root / "half" / "17.tar.gz").write_bytes(b"\x1f\x8b no archive")
    cut = tar(root / "half" / "18.tar.gz", files)
    cut.write_bytes(cut.read_bytes()[:-200])
    tar(root / "half" / "1.tar.gz", files)
    config = tmp_path / "models.config"
    with web_server(tmp_path, root) as store:
        config.write_text(config_list(model("half", f"{store.url}/half", "model_version_policy { all {} }")))
        arguments = [f"--store-cache-dir={tmp_path / 'cache'}", "--settle-ms=0", "--model-fetch-bytes=20000000"]
        with apus_serve({}, f"--config={config}", *arguments, environment=BARE) as server:
            server.wait_for("half", 1)
            for version, (_, text) in hostile.items():
                server.line(rf"{version}\.tar\.gz is refused: it has {text}")
            server.line(r"17\.tar\.gz cannot be unpacked")
            server.line(r"18\.tar\.gz cannot be unpacked")
            assert answer(server) == [3.0]
            assert server.versions("half")[1] == "AVAILABLE"
    assert not list(tmp_path.glob("**/evil"))


# ---- The cache ----


def test_the_cache_has_a_budget_and_one_user(tmp_path):
    root = tmp_path / "root"
    (root / "half").mkdir(parents=True)

    def add(version):
        new = publish("half_plus_two_tf2", root / "half", f".{version}")
        (new / "assets.extra").mkdir()
        (new / "assets.extra" / "much").write_bytes(os.urandom(3 << 20))
        new.rename(root / "half" / str(version))

    add(1)
    cache = tmp_path / "cache"
    with web_server(tmp_path, root) as store:
        with serve(f"{store.url}/half", cache, "--store-cache-bytes=7000000") as server:
            server.wait_for("half", 1)
            add(2)
            server.wait_for("half", 2)
            add(3)
            server.wait_for("half", 3)
            # Both could not stay beside the new one.
            assert sum(path.stat().st_size for path in (cache / "blobs").iterdir()) <= 7_000_000
            with serve(f"{store.url}/half", cache) as second:
                second.line("another process uses the store cache")
        with serve(f"{store.url}/half", tmp_path / "small", "--store-cache-bytes=1000000") as server:
            server.line(r"has 3\.\d MB; at most 1\.0 MB are taken")


def test_places_that_are_none_end_the_start(tmp_path):
    for place, text in [
        ("s3://", "names no bucket"),
        ("http://user:secret@host/m", r"names and passwords belong into ~/.netrc"),
        ("hdfs://host/m", "no access to file systems of the kind hdfs://"),
    ]:
        with apus_serve({"m": place}) as server:
            assert server.wait() != 0
            assert text in server.output and "secret@" not in server.output.split("apus serve")[0]
