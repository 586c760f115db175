"""`apus embedding`: dumps of Monolith's, read and written by the command and by TensorFlow's own reader and writer."""

import json
import random

import pytest

from support.embedding_dumps import Entry, golden_shards, read_records, write_multi
from support.paths import ROOT
from support.server import run_program

VERSION = ROOT / "Tests/Golden/monolith/ps_0/1622716114"
MULTI = ROOT / "Tests/Golden/monolith/multi/MonolithMultiHashTable_0"


def embedding(*arguments, status=0):
    done = run_program("apus", "embedding", *arguments)
    assert done.returncode == status, done.stdout + done.stderr
    return done


def inspected(path, *arguments):
    report = json.loads(embedding("inspect", path, "--json", *arguments).stdout)
    return {table["name"]: table for table in report["tables"]}


def entries(path, *arguments):
    return [json.loads(line) for line in embedding("dump", path, *arguments).stdout.splitlines()]


def test_inspect_reads_the_public_projects_shard():
    tables = inspected(VERSION)
    assert len(tables) == 20
    assert sum(table["entries"] for table in tables.values()) == 30
    assert {table["width"] for table in tables.values()} == {16, 17, 32, 33}
    text = embedding("inspect", VERSION, "--threads=2").stdout
    assert "20 tables, 30 entries, 5.3 kB" in text
    assert "MonolithHashTable_e3997af6324e55640d4611001fa3a15b_1: one table, uncompressed, 4 shards" in text


def test_metadata_tells_of_tables_without_reading_them():
    assert inspected(MULTI, "--metadata-only") == {
        "a": {"name": "a", "entries": 300},
        "b": {"name": "b", "entries": 0},
        "c": {"name": "c", "entries": 10},
    }


def test_dump_prints_entries():
    table = "MonolithHashTable_3fc25c64637605aa3983374cc61db982_4"
    (entry,) = entries(VERSION, "--table", table)
    assert (entry["table"], entry["id"], entry["update_time"], entry["optimizer"]) == (table, 24, 0, "sgd")
    assert len(entry["values"]) == 16
    assert len(entries(VERSION, "--limit=3")) == 3
    assert {entry["id"] for entry in entries(MULTI, "--id", "-3", "--id=7")} == {-3, 7}


def test_what_tensorflow_writes_is_read(tmp_path):
    """Blocks of 256 KiB, records across their borders, and values that do not compress."""
    numbers = random.Random(7)
    shards = [
        {
            "items": [Entry(id, [numbers.gauss(0, 1) for _ in range(64)], id, id % 2 == 0) for id in range(start, 6000, 3)],
            "users": [Entry(-id, [1.5] * 3) for id in range(start, 3000, 3)],
        }
        for start in range(3)
    ]
    write_multi(tmp_path / "t", shards)
    tables = inspected(tmp_path)
    assert (tables["items"]["entries"], tables["items"]["width"]) == (6000, 64)
    assert (tables["users"]["entries"], tables["users"]["width"]) == (3000, 3)
    (entry,) = entries(tmp_path, "--id=4321")
    expected = next(entry for entry in shards[4321 % 3]["items"] if entry.id == 4321)
    assert entry["values"] == pytest.approx(expected.values, rel=1e-6)


def test_what_is_converted_is_read_by_tensorflow(tmp_path):
    embedding("convert", VERSION, tmp_path / "multi/t", "--layout=multi", "--shards=2")
    records = [record for file in (VERSION / "assets").iterdir() for record in read_records(file)]
    assert len(records) == 30
    written = [record for n in range(2) for record in read_records(tmp_path / f"multi/t-0000{n}-of-00002", "SNAPPY")]
    assert sorted(written) == sorted(records)
    metadata = read_records(tmp_path / "multi/t.meta-00000-of-00002")
    assert len(metadata) == 20

    # And back, of one table, packed, without what training needs.
    table = "MonolithHashTable_0b9721ec6fc5396c38499b5be394b722_0"
    arguments = ["--layout=plain", "--table", table, "--packed", "--drop-optimizer"]
    embedding("convert", tmp_path / "multi/t", tmp_path / "plain", *arguments)
    (file,) = (tmp_path / "plain").iterdir()
    assert file.name == f"{table}-00000-of-00001"
    assert [len(record) for record in read_records(file)] == [9 + 3 + 4 * 33 + 2] * 3
    assert entries(tmp_path / "plain") == [
        {key: value for key, value in entry.items() if key != "optimizer"}
        for entry in sorted(entries(VERSION, "--table", table), key=order_of(entries(tmp_path / "plain")))
    ]


def order_of(found):
    ids = [entry["id"] for entry in found]
    return lambda entry: ids.index(entry["id"])


def test_the_golden_dump_is_what_its_script_writes(tmp_path):
    write_multi(tmp_path / "t", golden_shards())
    assert entries(tmp_path, "--table=c") == entries(MULTI, "--table=c")
    assert inspected(tmp_path) == inspected(MULTI)


def test_damage_is_told_with_file_and_record(tmp_path):
    write_multi(tmp_path / "t", [{"a": [Entry(1, [1, 2]), Entry(2, [1, 2, 3])]}])
    done = embedding("inspect", tmp_path, status=1)
    assert f"{tmp_path}/t-00000-of-00001, record 1 (at byte 35): the row of id 2 has 3 values" in done.stderr
    (tmp_path / "t.meta-00000-of-00001").unlink()
    done = embedding("inspect", tmp_path, status=1)
    assert f"{tmp_path}/t-00000-of-00001, record 0 (at byte 0): the checksum of its length does not fit" in done.stderr
    (tmp_path / "t-00000-of-00001").rename(tmp_path / "t-00001-of-00002")
    done = embedding("inspect", tmp_path, status=1)
    assert f"{tmp_path}/t-00000-of-00002 is missing" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["inspect", "/nowhere"], "no dump is here"),
        (["inspect", MULTI, "--threads=0"], "--threads is 1 to 1024"),
        (["dump", MULTI, "--table=d"], "there is no table d, but a, b, c"),
        (["dump", MULTI, "--limit=-1"], "--limit is 0 or more"),
        (["convert", MULTI, "/tmp/x", "--layout=multi", "--shards=257"], "--shards is 1 to 256"),
        (["convert", MULTI, MULTI, "--layout=multi"], "is there already; no dump is written over"),
        (["plan", "--rows=0"], "numbers are to be positive"),
        (["plan", "--shard-memory=x"], "--shard-memory is x; expected bytes, like 256GiB"),
        (["plan", "--compression=fp8"], "expected fp32, fp16, fixed_r8 or one_bit"),
        (["plan", "--width=0"], "expected 1 to 65536"),
    ],
)
def test_mistakes_are_told(arguments, text):
    done = run_program("apus", "embedding", *arguments)
    assert done.returncode != 0
    assert text in done.stderr


def test_a_plan_has_a_column_for_each_size():
    lines = embedding("plan", "--rows=1e6", "--rows=1e12", "--width=64", "--compression=fp32", "--ids=4").stdout.splitlines()
    assert lines[0] == "| rows | 1.00 million | 1.00 trillion |"
    assert lines[2] == "| bytes a row | 273.1 | 273.1 |"
    # Two versions with their pushes are 574.9 bytes a row.
    assert "| shards | 1 | 2,092 |" in lines


@pytest.mark.parametrize("command", [[], ["inspect"], ["convert"], ["dump"], ["plan"]])
def test_help_is_there(command):
    assert "USAGE: apus embedding" in embedding(*command, "--help").stdout
