"""Models as Monolith exports them: an entry whose graph asks shards, and shards that look rows up.

Python's TensorFlow does not know Monolith's operations, so the entry's nodes are written into the file by hand.
"""

import numpy
import tensorflow as tf
from tensorflow.core.framework import graph_pb2, types_pb2
from tensorflow.core.protobuf import saved_model_pb2

from .versions import settle

SHARDS = 3
# Width of the rows of each table, by name.
TABLES = {"mov": 2, "uid": 3}
# Ids from here on are in no table.
UNKNOWN = 1_000_000

STRING, INT64, FLOAT = types_pb2.DT_STRING, types_pb2.DT_INT64, types_pb2.DT_FLOAT


def row(table, id):
    """What is in a table for an id: zeros where nothing is."""
    width = TABLES[table]
    if id >= UNKNOWN:
        return numpy.zeros(width, numpy.float32)
    return numpy.float32([id * 10 + column + 0.5 * list(TABLES).index(table) for column in range(width)])


def rows(table, ids):
    return numpy.concatenate([row(table, id) for id in ids]) if len(ids) else numpy.zeros(0, numpy.float32)


# ---- Shards ----


def write_shard(folder, widths=tuple(TABLES.values()), steps=0):
    """A shard with `raw_lookup`: the rows of the ids of one table after those of the other. One file serves as any shard.

    With `steps` it counts so far before it answers.
    """

    @tf.function(
        input_signature=[
            tf.TensorSpec([None], tf.int64, name="id"),
            tf.TensorSpec([None], tf.int64, name="id_split"),
        ]
    )
    def raw_lookup(id, id_split):
        parts = []
        for index, width in enumerate(widths):
            ids = id[id_split[index] : id_split[index + 1]]
            values = tf.cast(ids[:, None], tf.float32) * 10 + tf.range(width, dtype=tf.float32) + 0.5 * index
            parts.append(tf.reshape(tf.where(ids[:, None] < UNKNOWN, values, 0.0), [-1]))
        flat = tf.concat(parts, 0)
        if steps:
            flat += tf.while_loop(lambda i, x: i < steps, lambda i, x: (i + 1, x), [0, 0.0])[1]
        return {"flat_emb": flat}

    module = tf.Module()
    module.raw_lookup = raw_lookup
    tf.saved_model.save(module, str(folder), signatures={"raw_lookup": raw_lookup})
    return settle(folder)


# ---- The entry ----


class Graph:
    def __init__(self):
        self.definition = graph_pb2.GraphDef()
        self.definition.versions.producer = 1882

    def add(self, name, operation, inputs=(), **attributes):
        node = self.definition.node.add(name=name, op=operation, input=inputs)
        for key, value in attributes.items():
            attribute = node.attr[key]
            match value:
                case bool():
                    attribute.b = value
                case int():
                    attribute.i = value
                case str():
                    attribute.s = value.encode()
                case bytes():
                    attribute.s = value
                case ("type", number):
                    attribute.type = number
                case ("types", numbers):
                    attribute.list.type.extend(numbers)
                case ("integers", numbers):
                    attribute.list.i.extend(numbers)
                case ("tensor", proto):
                    attribute.tensor.CopyFrom(proto)
                case "open":
                    pass
        return name

    def placeholder(self, name, kind):
        self.add(name, "Placeholder", dtype=("type", kind))
        self.definition.node[-1].attr["shape"].shape.unknown_rank = True
        return name

    def constant(self, name, value):
        proto = tf.make_tensor_proto(value)
        return self.add(name, "Const", dtype=("type", proto.dtype), value=("tensor", proto))


def write_entry(folder, model="rec", limit=30_000, fails=True, tables=TABLES):
    """An entry over `SHARDS` shards: movies' and users' ids in, their rows out, as Monolith's native path has it.
    `tables` has the same names, perhaps with other widths.

    Signatures: `serving_default` with `mov` and `uid` to `flat` and the `score` of each pair; `pooled` with `splits` to
    `rowids`; `status` with what the calls of the shards came to.
    """
    graph = Graph()
    add_ids(graph, SHARDS, tables)
    graph.constant("inputs", [b"id", b"id_split"])
    graph.constant("outputs", [b"flat_emb"])
    for index in range(SHARDS):
        graph.add(
            f"sent_{index}",
            "MonolithTensorsTimestamp",
            [f"split:{index}", f"split:{SHARDS + index}"],
            T=("types", [INT64, INT64]),
        )
        graph.add(
            f"ask_{index}",
            "TfServingRemotePredict",
            ["inputs", f"sent_{index}", f"sent_{index}:1", "outputs"],
            T=("types", [INT64, INT64]),
            output_types=("types", [FLOAT]),
            model_name=f"{model}:ps_{index}",
            old_model_name=f"ps_{index}",
            task=index,
            model_version=-1,
            signature_name="raw_lookup",
            max_rpc_deadline_millis=limit,
            fail_op_on_rpc_error=fails,
        )
        graph.add(f"got_{index}", "MonolithTensorsTimestamp", [f"ask_{index}:2"], T=("types", [FLOAT]))
    add_score(graph, [f"got_{index}" for index in range(SHARDS)], tables)
    graph.placeholder("splits", INT64)
    graph.add("rowids", "MonolithFusedValueRowids", ["splits"])

    ids = {table: (table, INT64) for table in tables}
    status = {f"code_{index}": (f"ask_{index}", types_pb2.DT_INT32) for index in range(SHARDS)}
    status |= {f"message_{index}": (f"ask_{index}:1", STRING) for index in range(SHARDS)}
    signatures = {
        "serving_default": (ids, {"flat": ("flat", FLOAT), "score": ("score", FLOAT)}),
        "pooled": ({"splits": ("splits", INT64)}, {"rowids": ("rowids", INT64)}),
        "status": (ids, status),
    }
    return write_saved_model(folder, graph.definition, signatures)


def add_ids(graph, shards, tables=TABLES):
    """`mov` and `uid`, and for each shard the different ids of both that are its: `split`."""
    dims = ("integers", list(tables.values()))
    for table in tables:
        graph.placeholder(table, INT64)
        graph.add(f"{table}_count", "Size", [table], T=("type", INT64), out_type=("type", INT64))
    zero = graph.constant("zero", numpy.int64(0))
    axis = graph.constant("axis", numpy.int32(0))
    graph.add("key", "ConcatV2", ["mov", "uid", axis], N=2, T=("type", INT64), Tidx=("type", types_pb2.DT_INT32))
    graph.add("count", "AddV2", ["mov_count", "uid_count"], T=("type", INT64))
    graph.add("key_split", "Pack", [zero, "mov_count", "count"], N=3, T=("type", INT64), axis=0)
    graph.add("unique", "MonolithUniqueKeyWithValueAndOffset", ["key", "key_split"], dims=dims, generate_buffer=True)
    graph.constant("shards", numpy.int64(shards))
    graph.add("shard", "FloorMod", ["unique", "shards"], T=("type", INT64))
    graph.add("split", "MonolithRaggedSplitByIndices", ["shard", "unique", "unique:1"], num_splits=shards)


def add_score(graph, rows, tables=TABLES):
    """`flat`, the rows of all ids, from those that each shard gave, and `score`, the sum of each pair's."""
    shards = len(rows)
    dims = ("integers", list(tables.values()))
    for index, got in enumerate(rows):
        graph.add(
            f"fill_{index}",
            "MonolithFillWithOffsetMap",
            [
                f"split:{2 * shards + index}",
                f"split:{shards + index}",
                got,
                "unique:2",
                "unique:3",
                "unique:4",
            ],
            dims=dims,
        )
    graph.add(
        "flat",
        "MonolithFinalizeSharedTensor",
        [f"fill_{index}" for index in range(shards)],
        dtype=("type", FLOAT),
        num_tensors=shards,
        shape="open",
    )
    graph.definition.node[-1].attr["shape"].shape.unknown_rank = True
    begin = "zero"
    for table, width in tables.items():
        graph.constant(f"{table}_width", numpy.int64(width))
        graph.constant(f"{table}_shape", numpy.int32([-1, width]))
        graph.add(f"{table}_floats", "Mul", [f"{table}_count", f"{table}_width"], T=("type", INT64))
        for part, name in [("begin", begin), ("size", f"{table}_floats")]:
            graph.add(f"{table}_{part}", "Pack", [name], N=1, T=("type", INT64), axis=0)
        inputs = ["flat", f"{table}_begin", f"{table}_size"]
        graph.add(f"{table}_flat", "Slice", inputs, T=("type", FLOAT), Index=("type", INT64))
        shapes = dict(T=("type", FLOAT), Tshape=("type", types_pb2.DT_INT32))
        graph.add(f"{table}_rows", "Reshape", [f"{table}_flat", f"{table}_shape"], **shapes)
        begin = f"{table}_floats"
    add_sums(graph)


def add_sums(graph):
    """`score` from the rows of each table."""
    axis = graph.constant("axis_one", numpy.int32(1))
    for table in TABLES:
        kinds = dict(T=("type", FLOAT), Tidx=("type", types_pb2.DT_INT32), keep_dims=False)
        graph.add(f"{table}_sum", "Sum", [f"{table}_rows", axis], **kinds)
    graph.add("score", "AddV2", ["mov_sum", "uid_sum"], T=("type", FLOAT))


def write_saved_model(folder, definition, signatures, main_op=None, assets=()):
    """`assets`: (constant, file in the folder of assets). The model's initialisation runs `main_op`."""
    model = saved_model_pb2.SavedModel(saved_model_schema_version=1)
    meta_graph = model.meta_graphs.add(graph_def=definition)
    meta_graph.meta_info_def.tags.append("serve")
    if main_op:
        meta_graph.collection_def["saved_model_main_op"].node_list.value.append(main_op)
    for constant, file in assets:
        meta_graph.asset_file_def.add(filename=file).tensor_info.name = f"{constant}:0"
    for name, (inputs, outputs) in signatures.items():
        signature = meta_graph.signature_def[name]
        signature.method_name = "tensorflow/serving/predict"
        for infos, tensors in [(signature.inputs, inputs), (signature.outputs, outputs)]:
            for alias, (tensor, kind) in tensors.items():
                infos[alias].name = tensor if ":" in tensor else f"{tensor}:0"
                infos[alias].dtype = kind
                infos[alias].tensor_shape.unknown_rank = True
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "saved_model.pb").write_bytes(model.SerializeToString())
    return settle(folder)
