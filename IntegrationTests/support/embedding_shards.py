"""Shards of embeddings as Monolith exports them: graphs put together from the operations that matter, and dumps of their
tables."""

import dataclasses

from tensorflow.core.framework import types_pb2
from tensorflow.core.protobuf import saved_model_pb2

from .embedding_dumps import Entry, varint, write_multi, write_records

SHARED_NAME = "MonolithMultiHashTable_0"


@dataclasses.dataclass
class Table:
    name: str
    dimension: int
    rows: dict = dataclasses.field(default_factory=dict)

    def entries(self):
        return [Entry(id, row, 1_700_000_000) for id, row in sorted(self.rows.items())]

    def configuration(self):
        """monolith.hash_table.EmbeddingHashTableConfig with one segment of fp32."""
        compressor = message(3, message(1, varint_field(1, self.dimension)))
        return message(1, message(1, compressor + varint_field(7, self.dimension)))


def message(number, content):
    return varint(number << 3 | 2) + varint(len(content)) + content


def varint_field(number, value):
    return varint(number << 3) + varint(value)


class Shard:
    """The SavedModel of a shard while it is made."""

    def __init__(self):
        self.saved_model = saved_model_pb2.SavedModel(saved_model_schema_version=1)
        self.meta_graph = self.saved_model.meta_graphs.add()
        self.meta_graph.meta_info_def.tags.append("serve")
        asset = self.meta_graph.asset_file_def.add(filename="./")
        asset.tensor_info.name = "ASSET_BASE:0"
        self.constant("ASSET_BASE", b"./")

    def node(self, name, op, inputs=(), **attributes):
        node = self.meta_graph.graph_def.node.add(name=name, op=op, input=inputs)
        for key, value in attributes.items():
            node.attr[key].s = value
        return node

    def constant(self, name, text):
        node = self.node(name, "Const")
        node.attr["dtype"].type = types_pb2.DT_STRING
        node.attr["value"].tensor.dtype = types_pb2.DT_STRING
        node.attr["value"].tensor.string_val.append(text)

    def signature(self, key, inputs, outputs):
        """inputs and outputs: {name: (type, shape)}, None for a dimension of any size."""
        signature = self.meta_graph.signature_def[key]
        signature.method_name = "tensorflow/serving/predict"
        for infos, tensors in [(signature.inputs, inputs), (signature.outputs, outputs)]:
            for name, (dtype, shape) in tensors.items():
                infos[name].name = f"{key.replace('/', '_')}_{name}:0"
                infos[name].dtype = dtype
                infos[name].tensor_shape.SetInParent()
                for size in shape:
                    infos[name].tensor_shape.dim.add(size=-1 if size is None else size)

    def lookup(self, tables):
        self.signature(
            "lookup",
            {table.name: (types_pb2.DT_INT64, [None]) for table in tables},
            {table.name: (types_pb2.DT_FLOAT, [None, table.dimension]) for table in tables},
        )

    def assign(self, tables):
        inputs = {}
        for table in tables:
            inputs[f"{table.name}_id"] = (types_pb2.DT_INT64, [None])
            inputs[f"{table.name}_value"] = (types_pb2.DT_FLOAT, [None, table.dimension])
        self.signature(
            "hashtable_assign", inputs, {f"{table.name}_result": (types_pb2.DT_INT32, []) for table in tables}
        )

    def write(self, folder):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "saved_model.pb").write_bytes(self.saved_model.SerializeToString())


def multi_shard(folder, tables, base="ASSET_BASE", shard_count=2, dump=None):
    """One node with all tables, and their dump in `assets`, or where `dump` says."""
    shard = Shard()
    config = b"".join(message(1, table.name.encode()) for table in tables)
    config += b"".join(message(2, table.configuration()) for table in tables)
    shard.constant("Const/config", config)
    shard.node(
        "create",
        "CreateMonolithMultiHashTable",
        ["Const/config", "MonolithDummyHashFilter", "MonolithDummySyncClient"],
        shared_name=SHARED_NAME.encode(),
    )
    shard.node("read", "ReadMonolithMultiHashTable", shared_name=SHARED_NAME.encode())
    if base != "ASSET_BASE":
        shard.constant("StringJoin/inputs_0", base.encode())
    shard.constant("StringJoin/inputs_1", SHARED_NAME.encode())
    shard.node(
        "StringJoin",
        "StringJoin",
        ["ASSET_BASE" if base == "ASSET_BASE" else "StringJoin/inputs_0", "StringJoin/inputs_1"],
    )
    shard.node("restore", "MonolithMultiHashTableRestore", ["read", "StringJoin", "^create"])
    shard.lookup(tables)
    shard.assign([])
    ids = {"id": (types_pb2.DT_INT64, [None]), "id_split": (types_pb2.DT_INT64, [None])}
    values = {"flat_value": (types_pb2.DT_FLOAT, [None])}
    shard.signature("raw_lookup", ids, {"flat_emb": (types_pb2.DT_FLOAT, [None])})
    shard.signature(f"{SHARED_NAME}/raw_assign", ids | values, {"result": (types_pb2.DT_INT32, [])})
    shards = [{table.name: table.entries()[number::shard_count] for table in tables} for number in range(shard_count)]
    write_multi((dump or folder / "assets") / SHARED_NAME, shards)
    shard.write(folder)
    return folder


def plain_shard(folder, tables):
    """A node and a dump for each table."""
    shard = Shard()
    for number, table in enumerate(tables):
        prefix = f"MonolithHashTable_{number:032x}_0"
        shard.node(
            table.name,
            "MonolithHashTable",
            ["MonolithDummyHashFilter", "MonolithDummySyncClient"],
            config=table.configuration(),
            shared_name=table.name.encode(),
        )
        shard.constant(f"prefix_{number}", prefix.encode())
        shard.node(f"base_{number}", "StringJoin", ["ASSET_BASE", f"prefix_{number}"])
        shard.node(f"restore_{number}", "MonolithHashTableRestore", [table.name, f"base_{number}"])
        (folder / "assets").mkdir(parents=True, exist_ok=True)
        write_records(
            folder / "assets" / f"{prefix}-00000-of-00001", [entry.serialized() for entry in table.entries()]
        )
    shard.lookup(tables)
    shard.assign(tables)
    shard.write(folder)
    return folder
