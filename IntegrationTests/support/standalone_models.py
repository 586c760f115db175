"""Models as Monolith exports them whose tables are in their own graph, and entries whose tables are merged."""

import numpy
from tensorflow.core.framework import types_pb2

from .embedding_dumps import write_multi, write_records
from .embedding_shards import Table, message
from .entry_models import FLOAT, INT64, TABLES, Graph, add_ids, add_score, add_sums, row, write_saved_model

# What exports call tables that belong to no shard.
SHARED_NAME = "MonolithMultiHashTable_"
INT32 = types_pb2.DT_INT32


def filled_tables(ids, factor=1):
    """Tables with rows of some ids."""
    return [Table(name, width, {id: list(factor * row(name, id)) for id in ids}) for name, width in TABLES.items()]


# ---- Several tables in one ----


def write_standalone(folder, tables, base="ASSET_BASE", dump=None):
    """One model with both tables, in the way of Monolith's native tables.

    Signatures: `serving_default` with `mov` and `uid` to `flat` and the `score` of each pair; `raw_lookup` and `raw_assign` as
    shards have them.

    base: the folder of the dump as the graph names it, where that is not the model's own.
    dump: where it lies; `False` for nowhere.
    """
    if dump is not False:
        shards = [{table.name: table.entries()[number::2] for table in tables} for number in range(2)]
        write_multi((dump or folder / "assets") / SHARED_NAME, shards)
    graph = Graph()
    assets = add_tables(graph, tables, base)
    add_ids(graph, 1)
    graph.add("got", "MonolithMultiHashTableLookup", ["read", "split", "split:1"])
    add_score(graph, ["got"])
    add_raw_signatures(graph)
    ids = {table: (table, INT64) for table in TABLES}
    raw = {"id": ("id", INT64), "id_split": ("id_split", INT64)}
    signatures = {
        "serving_default": (ids, {"flat": ("flat", FLOAT), "score": ("score", FLOAT)}),
        "raw_lookup": (raw, {"flat_emb": ("flat_emb", FLOAT)}),
        f"{SHARED_NAME}/raw_assign": (raw | {"flat_value": ("flat_value", FLOAT)}, {"result": ("result", INT32)}),
    }
    return write_saved_model(folder, graph.definition, signatures, main_op="main_op", assets=assets)


def add_tables(graph, tables, base):
    """Tables that the initialisation makes and fills, and that others read."""
    config = b"".join(message(1, table.name.encode()) for table in tables)
    config += b"".join(message(2, table.configuration()) for table in tables)
    graph.constant("config", config)
    add_training_parts(graph)
    graph.add("create", "CreateMonolithMultiHashTable", ["config", "filter", "client"], shared_name=SHARED_NAME)
    graph.add("read", "ReadMonolithMultiHashTable", shared_name=SHARED_NAME)
    path = add_dump_path(graph, "dump", SHARED_NAME, base)
    graph.add("restore", "MonolithMultiHashTableRestore", ["read", path, "^create"])
    graph.add("main_op", "NoOp", ["^restore"])
    return [("ASSET_BASE", "./")]


def add_training_parts(graph):
    graph.add("filter", "MonolithDummyHashFilter")
    graph.add("client", "MonolithDummySyncClient")
    graph.constant("ASSET_BASE", b"./")


def add_dump_path(graph, name, file, base="ASSET_BASE"):
    if base != "ASSET_BASE":
        base = graph.constant(f"{name}_base", base.encode())
    return graph.add(name, "StringJoin", [base, graph.constant(f"{name}_file", file.encode())], N=2)


def add_raw_signatures(graph):
    for name in ["id", "id_split"]:
        graph.placeholder(name, INT64)
    graph.placeholder("flat_value", FLOAT)
    graph.add("flat_emb", "MonolithMultiHashTableLookup", ["read", "id", "id_split"])
    graph.constant("time", numpy.int64(0))
    graph.add("assign", "MonolithMultiHashTableAssign", ["read", "id", "id_split", "flat_value", "time"])
    graph.constant("zero_32", numpy.int32(0))
    graph.add("result", "Identity", ["zero_32", "^assign"], T=("type", INT32))


# ---- A table of its own for each feature, or for several ----


def write_plain_standalone(folder, tables):
    """The same with a plain table for each feature, and `hashtable_assign`."""
    graph = Graph()
    add_training_parts(graph)
    graph.constant("time", numpy.int64(0))
    graph.constant("shard", numpy.int64(1))
    restores = []
    signature = ({}, {})
    for number, table in enumerate(tables):
        name = table.name
        prefix = f"MonolithHashTable_{number:032x}"
        (folder / "assets").mkdir(parents=True, exist_ok=True)
        entries = [entry.serialized() for entry in table.entries()]
        write_records(folder / "assets" / f"{prefix}-00000-of-00001", entries)
        # Without a shared name it is the node's.
        graph.add(f"{name}_table", "MonolithHashTable", ["filter", "client"], config=table.configuration())
        path = add_dump_path(graph, f"{name}_dump", prefix)
        restores.append(graph.add(f"{name}_restore", "MonolithHashTableRestore", [f"{name}_table", path]))
        add_unique(graph, name, 1)
        lookup = [f"{name}_table", f"{name}_split"]
        graph.add(f"{name}_got", "MonolithHashTableLookup", lookup, dim_size=table.dimension)
        add_rows(graph, name, [f"{name}_got"])
        graph.placeholder(f"{name}_id", INT64)
        graph.placeholder(f"{name}_value", FLOAT)
        pushed = [f"{name}_table", f"{name}_id", f"{name}_value", "time"]
        graph.add(f"{name}_assign", "MonolithHashTableAssign", pushed)
        types = dict(T=("type", INT64), out_type=("type", INT32))
        graph.add(f"{name}_result", "Size", [f"{name}_id", f"^{name}_assign"], **types)
        signature[0][f"{name}_id"] = (f"{name}_id", INT64)
        signature[0][f"{name}_value"] = (f"{name}_value", FLOAT)
        signature[1][f"{name}_result"] = (f"{name}_result", INT32)
    graph.add("main_op", "NoOp", [f"^{restore}" for restore in restores])
    return write_merged(folder, graph, {"hashtable_assign": signature}, "main_op", [("ASSET_BASE", "./")])


def write_merged_entry(folder, model="merged", shards=3):
    """An entry that asks shards with plain tables for the rows of each table by its name."""
    graph = Graph()
    graph.constant("shard", numpy.int64(shards))
    graph.constant("names", [name.encode() for name in TABLES])
    for name in TABLES:
        add_unique(graph, name, shards)
    for index in range(shards):
        graph.add(
            f"ask_{index}",
            "TfServingRemotePredict",
            ["names", *[f"{name}_split:{index}" for name in TABLES], "names"],
            T=("types", [INT64] * len(TABLES)),
            output_types=("types", [FLOAT] * len(TABLES)),
            model_name=f"{model}:ps_{index}",
            old_model_name=f"ps_{index}",
            task=index,
            model_version=-1,
            signature_name="lookup",
            max_rpc_deadline_millis=30_000,
        )
    for number, name in enumerate(TABLES):
        add_rows(graph, name, [f"ask_{index}:{2 + number}" for index in range(shards)])
    return write_merged(folder, graph, {})


def add_unique(graph, name, shards):
    """The different ids of a feature, for each shard those that are its: `<name>_split`."""
    graph.placeholder(name, INT64)
    graph.add(f"{name}_unique", "Unique", [name], T=("type", INT64), out_idx=("type", INT32))
    graph.add(f"{name}_shard", "FloorMod", [f"{name}_unique", "shard"], T=("type", INT64))
    inputs = [f"{name}_shard", f"{name}_unique"]
    graph.add(f"{name}_split", "MonolithSplitByIndices", inputs, num_splits=shards, T=("type", INT64))


def add_rows(graph, name, got):
    """The row of each id of a feature, from the rows that each shard gave."""
    inputs = [*[f"{name}_split:{index}" for index in range(len(got))], *got, name]
    graph.add(f"{name}_rows", "MonolithMapIdToEmbedding", inputs, num_splits=len(got))


def write_merged(folder, graph, signatures, main_op=None, assets=()):
    add_sums(graph)
    ids = {table: (table, INT64) for table in TABLES}
    outputs = {f"{table}_rows": (f"{table}_rows", FLOAT) for table in TABLES} | {"score": ("score", FLOAT)}
    signatures = {"serving_default": (ids, outputs), **signatures}
    return write_saved_model(folder, graph.definition, signatures, main_op, assets)
