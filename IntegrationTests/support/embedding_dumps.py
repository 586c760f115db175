"""Dumps of embedding tables as Monolith writes them: with TensorFlow's own writer and reader of records, and messages put
together field by field.

`python IntegrationTests/support/embedding_dumps.py` writes Tests/Golden/monolith/multi anew.
"""

import dataclasses
import pathlib
import struct

from tensorflow.python.lib.io import _pywrap_record_io as record_io


@dataclasses.dataclass
class Entry:
    id: int
    values: list
    update_time: int | None = None
    packed: bool = False
    optimizer: bytes | None = None

    def serialized(self):
        """monolith.hash_table.EntryDump"""
        message = b"\x09" + struct.pack("<q", self.id)
        if self.packed:
            message += b"\x12" + varint(4 * len(self.values)) + struct.pack(f"<{len(self.values)}f", *self.values)
        else:
            message += b"".join(b"\x15" + struct.pack("<f", value) for value in self.values)
        if self.optimizer is not None:
            message += b"\x1a" + varint(len(self.optimizer)) + self.optimizer
        if self.update_time is not None:
            message += b"\x20" + varint(self.update_time)
        return message


def varint(number):
    number %= 1 << 64
    encoded = b""
    while number > 0x7F:
        encoded += bytes([number & 0x7F | 0x80])
        number >>= 7
    return encoded + bytes([number])


def table_metadata(name, count):
    """monolith.hash_table.MultiHashTableMetadata"""
    return b"\x0a" + varint(len(name.encode())) + name.encode() + b"\x10" + varint(count)


def write_records(path, records, compression=""):
    writer = record_io.RecordWriter(str(path), record_io.RecordWriterOptions(compression))
    for record in records:
        writer.write(record)
    writer.close()


def read_records(path, compression=""):
    return list(record_io.RecordIterator(str(path), compression))


def write_multi(base, shards):
    """`shards`: for each shard {table: [Entry]}, tables in the order of their names."""
    base = pathlib.Path(base)
    base.parent.mkdir(parents=True, exist_ok=True)
    for number, tables in enumerate(shards):
        suffix = f"{number:05}-of-{len(shards):05}"
        entries = [entry.serialized() for table in tables.values() for entry in table]
        write_records(f"{base}-{suffix}", entries, "SNAPPY")
        metadata = [table_metadata(name, len(table)) for name, table in tables.items()]
        write_records(f"{base}.meta-{suffix}", metadata)


def golden_shards():
    """What Tests/EmbeddingDumpTests expects of Tests/Golden/monolith/multi."""
    a = [Entry(id, [id, -id, id / 3, 0.5], 1_600_000_000 + id, optimizer=b"\x0a\x02\x12\x00") for id in range(300)]
    c = [Entry(-id, [-id, 1], packed=True) for id in range(10)]
    return [{"a": a[shard::2], "b": [], "c": c[shard::2]} for shard in range(2)]


if __name__ == "__main__":
    folder = pathlib.Path(__file__).resolve().parent.parent.parent / "Tests/Golden/monolith/multi"
    write_multi(folder / "MonolithMultiHashTable_0", golden_shards())
