"""Writes a model as Monolith exports it: an `entry` that asks shards, and shards `ps_0 … ps_N` with their embeddings.

    FOLDER/entry/VERSION/{saved_model.pb,variables/}
    FOLDER/ps_0/VERSION/{saved_model.pb,variables/,assets/MonolithMultiHashTable_0-00000-of-00001,…}

TensorFlow in Python does not know Monolith's operations. Graphs are built with a placeholder for each, and the
placeholders of the written file are then made those operations. See docs/embedding.md for the files.
"""

import dataclasses
import pathlib
import struct

import numpy
import tensorflow as tf
from tensorflow.core.protobuf import meta_graph_pb2, saved_model_pb2
from tensorflow.python.lib.io import _pywrap_record_io as record_io

v1 = tf.compat.v1

SERVING = 2  # what an entry of a table is made for: without what its optimizer keeps
RPC_MILLISECONDS = 30_000  # as Monolith's exporter writes it


@dataclasses.dataclass(frozen=True)
class Table:
    """Rows of a bias (32 bits) and a vector (16 bits an element)."""

    name: str
    vector: int

    @property
    def width(self):
        return 1 + self.vector

    def configuration(self):
        """monolith.hash_table.EmbeddingHashTableConfig"""
        bias = _message(3, _message(1, _number(1, 1))) + _number(7, 1)
        vector = _message(3, _message(2, _number(1, self.vector))) + _number(7, self.vector)
        return _message(1, _message(1, bias) + _message(1, vector) + _number(2, SERVING))


# ---- Graphs ----


class MonolithGraph:
    """A TensorFlow graph in the making with operations that Python's TensorFlow does not know."""

    def __init__(self):
        self.graph = tf.Graph()
        self._operations = {}

    def operation(self, name, kind, inputs=(), output=tf.float32, **attributes):
        """A node; gives its first output. `inputs` are tensors, or names: `node:1` for other outputs of such nodes."""
        inputs = [part if isinstance(part, str) else part.name.removesuffix(":0") for part in inputs]
        with self.graph.as_default():
            tensor = v1.placeholder(output, name=name)
        self._operations[name] = (kind, inputs, attributes)
        return tensor

    def finish(self, folder):
        """Makes what was written to `folder` the graph that is meant."""
        file = pathlib.Path(folder) / "saved_model.pb"
        model = saved_model_pb2.SavedModel.FromString(file.read_bytes())
        (meta_graph,) = model.meta_graphs
        for node in meta_graph.graph_def.node:
            if node.name in self._operations:
                node.op, inputs, attributes = self._operations[node.name]
                node.input[:] = inputs
                node.attr.clear()
                for key, value in attributes.items():
                    _set(node.attr[key], value)
        file.write_bytes(model.SerializeToString())


def _set(attribute, value):
    match value:
        case bool():
            attribute.b = value
        case int():
            attribute.i = value
        case str():
            attribute.s = value.encode()
        case tf.DType():
            attribute.type = value.as_datatype_enum
        case [tf.DType(), *_]:
            attribute.list.type.extend(kind.as_datatype_enum for kind in value)
        case [*numbers]:
            attribute.list.i.extend(numbers)
        case None:
            attribute.shape.unknown_rank = True


def _save(graph, session, folder, signatures, main_op=None):
    builder = v1.saved_model.Builder(str(folder))
    infos = {
        key: v1.saved_model.build_signature_def(_infos(inputs), _infos(outputs), "tensorflow/serving/predict")
        for key, (inputs, outputs) in signatures.items()
    }
    builder.add_meta_graph_and_variables(session, ["serve"], signature_def_map=infos, main_op=main_op)
    builder.save()
    graph.finish(folder)


def _infos(tensors):
    return {
        alias: meta_graph_pb2.TensorInfo(
            name=tensor.name, dtype=tensor.dtype.as_datatype_enum, tensor_shape=tensor.shape.as_proto()
        )
        for alias, tensor in tensors.items()
    }


def fetch_rows(graph, ids, tables, model, shard_count):
    """Asks the shards for the rows of `ids`, one tensor for each table in the order of their names: those rows.

    Each id is asked for once: unique -> dealt out by id mod shards -> a call for each shard -> all rows in one tensor.
    """
    dims = [table.width for table in tables]
    counts = [tf.size(part, out_type=tf.int64) for part in ids]
    key = tf.concat(ids, 0, name="key")
    key_split = tf.concat([[0], tf.cumsum(tf.stack(counts))], 0, name="key_split")
    unique = graph.operation(
        "unique",
        "MonolithUniqueKeyWithValueAndOffset",
        [key, key_split],
        output=tf.int64,
        dims=dims,
        generate_buffer=True,
    )
    shard = tf.math.floormod(unique, tf.constant(shard_count, tf.int64), name="shard")
    graph.operation(
        "split", "MonolithRaggedSplitByIndices", [shard, unique, "unique:1"], tf.int64, num_splits=shard_count
    )
    inputs = tf.constant([b"id", b"id_split"], name="input_aliases")
    outputs = tf.constant([b"flat_emb"], name="output_aliases")
    for index in range(shard_count):
        numbers, splits, places = (f"split:{part * shard_count + index}" for part in range(3))
        graph.operation(
            f"sent_{index}", "MonolithTensorsTimestamp", [numbers, splits], tf.int64, T=[tf.int64, tf.int64]
        )
        graph.operation(
            f"remote_{index}",
            "TfServingRemotePredict",
            [inputs, f"sent_{index}", f"sent_{index}:1", outputs],
            tf.int32,
            T=[tf.int64, tf.int64],
            output_types=[tf.float32],
            model_name=f"{model}:ps_{index}",
            old_model_name=f"ps_{index}",
            task=index,
            model_version=-1,
            signature_name="raw_lookup",
            max_rpc_deadline_millis=RPC_MILLISECONDS,
            fail_op_on_rpc_error=True,
        )
        graph.operation(f"received_{index}", "MonolithTensorsTimestamp", [f"remote_{index}:2"], T=[tf.float32])
        graph.operation(
            f"fill_{index}",
            "MonolithFillWithOffsetMap",
            [places, splits, f"received_{index}", "unique:2", "unique:3", "unique:4"],
            tf.resource,
            dims=dims,
        )
    flat = graph.operation(
        "flat",
        "MonolithFinalizeSharedTensor",
        [f"fill_{index}" for index in range(shard_count)],
        dtype=tf.float32,
        num_tensors=shard_count,
        shape=None,
    )
    sizes = [count * width for count, width in zip(counts, dims)]
    parts = tf.split(flat, tf.stack(sizes), num=len(tables))
    return [tf.reshape(part, [-1, width]) for part, width in zip(parts, dims)]


def write_entry(folder, model, tables, shard_count, score):
    """The entry: serialized tf.Examples in, a score for each out.

    - Parameter tables: for each feature its table, in the order of their names.
    - Parameter score: the dense part, from the rows of each feature to the score.
    """
    graph = MonolithGraph()
    with graph.graph.as_default(), v1.Session(graph=graph.graph) as session:
        examples = v1.placeholder(tf.string, [None], name="examples")
        features = {table.name: tf.io.FixedLenFeature([1], tf.int64) for table in tables}
        parsed = tf.io.parse_example(examples, features)
        ids = [tf.reshape(parsed[table.name], [-1]) for table in tables]
        rows = fetch_rows(graph, ids, tables, model, shard_count)
        scores = tf.identity(score(rows), name="score")
        session.run(v1.global_variables_initializer())
        _save(graph, session, folder, {"serving_default": ({"examples": examples}, {"score": scores})})


def write_shard(folder, index, tables, rows):
    """A shard: the graph around its hash table, and the dump of the table.

    - Parameter rows: for each table {id: row}; a row is a bias and a vector, as floats.
    """
    shared_name = f"MonolithMultiHashTable_{index}"
    graph = MonolithGraph()
    with graph.graph.as_default(), v1.Session(graph=graph.graph) as session:
        v1.train.create_global_step()
        configuration = b"".join(_message(1, table.name.encode()) for table in tables)
        configuration += b"".join(_message(2, table.configuration()) for table in tables)
        config = tf.constant(configuration, name="config")
        base = tf.strings.join([tf.constant(b"./", name="ASSET_BASE"), shared_name], name="basename")
        graph.operation("filter", "MonolithDummyHashFilter", output=tf.resource, container="", shared_name="")
        graph.operation("sync", "MonolithDummySyncClient", output=tf.resource, config="", container="", shared_name="")
        create = graph.operation(
            "create",
            "CreateMonolithMultiHashTable",
            [config, "filter", "sync"],
            tf.resource,
            container="",
            shared_name=shared_name,
        )
        graph.operation("read", "ReadMonolithMultiHashTable", output=tf.resource, container="", shared_name=shared_name)
        # The table is filled once it is there.
        restore = graph.operation(
            "restore", "MonolithMultiHashTableRestore", ["read", base, f"^{create.op.name}"], tf.resource
        )
        signatures = {
            "lookup": _lookup(graph, tables),
            "raw_lookup": _raw_lookup(graph),
            "hashtable_assign": ({}, {}),
            f"{shared_name}/raw_assign": _raw_assign(graph),
        }
        session.run(v1.global_variables_initializer())
        _save(graph, session, folder, signatures, main_op=tf.group(restore.op, name="restore_all"))
    _name_assets(folder)
    write_dump(pathlib.Path(folder) / "assets" / shared_name, rows)


def _ids(name):
    return v1.placeholder(tf.int64, [None], name=name)


def _raw_lookup(graph):
    ids, splits = _ids("raw_lookup_id"), _ids("raw_lookup_id_split")
    rows = graph.operation("raw_lookup", "MonolithMultiHashTableLookup", ["read", ids, splits])
    return {"id": ids, "id_split": splits}, {"flat_emb": rows}


def _lookup(graph, tables):
    ids = {table.name: _ids(f"lookup_{table.name}") for table in tables}
    counts = [tf.size(part, out_type=tf.int64) for part in ids.values()]
    splits = tf.concat([[0], tf.cumsum(tf.stack(counts))], 0)
    flat = graph.operation("lookup", "MonolithMultiHashTableLookup", ["read", tf.concat(list(ids.values()), 0), splits])
    parts = tf.split(flat, tf.stack([n * table.width for n, table in zip(counts, tables)]), num=len(tables))
    return ids, {table.name: tf.reshape(part, [-1, table.width]) for table, part in zip(tables, parts)}


def _raw_assign(graph):
    ids, splits = _ids("assign_id"), _ids("assign_id_split")
    values = v1.placeholder(tf.float32, [None], name="assign_flat_value")
    graph.operation(
        "assign",
        "MonolithMultiHashTableAssign",
        ["read", ids, splits, values, tf.constant(0, tf.int64)],
        tf.resource,
    )
    with tf.control_dependencies([graph.graph.get_operation_by_name("assign")]):
        result = tf.identity(tf.constant(0, tf.int32))
    return {"id": ids, "id_split": splits, "flat_value": values}, {"result": result}


def _name_assets(folder):
    """Whoever loads the shard puts the path of its folder in place of the constant."""
    file = pathlib.Path(folder) / "saved_model.pb"
    model = saved_model_pb2.SavedModel.FromString(file.read_bytes())
    asset = model.meta_graphs[0].asset_file_def.add(filename="./")
    asset.tensor_info.name = "ASSET_BASE:0"
    file.write_bytes(model.SerializeToString())


# ---- Dumps ----


def write_dump(base, tables):
    """One file of entries, and one that counts them. `tables`: {name: {id: row}}, in the order of the names."""
    base.parent.mkdir(parents=True, exist_ok=True)
    entries = (_entry(id, row) for rows in tables.values() for id, row in rows.items())
    counts = (_message(1, name.encode()) + _number(2, len(rows)) for name, rows in tables.items())
    _write_records(f"{base}-00000-of-00001", entries, "SNAPPY")
    _write_records(f"{base}.meta-00000-of-00001", counts, "")


def _entry(id, row):
    """monolith.hash_table.EntryDump: sfixed64 id = 1, repeated float num = 2."""
    values = numpy.zeros(len(row), [("tag", "u1"), ("value", "<f4")])
    values["tag"] = 2 << 3 | 5
    values["value"] = row
    return b"\x09" + struct.pack("<q", id) + values.tobytes()


def _write_records(path, records, compression):
    writer = record_io.RecordWriter(path, record_io.RecordWriterOptions(compression))
    for record in records:
        writer.write(record)
    writer.close()


def _varint(number):
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*encoded, number])


def _number(field, value):
    return _varint(field << 3) + _varint(value)


def _message(field, content):
    return _varint(field << 3 | 2) + _varint(len(content)) + content
