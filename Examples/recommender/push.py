"""Goes on training while the model is served: learns from new clicks and pushes the rows that change to the shards.

    .venv/bin/python Examples/recommender/push.py FOLDER [HOST:PORT ...]

FOLDER is that of train.py. One address is that of all shards, else there is one for each, in their order. A push is a
Predict request with the shard's signature `MonolithMultiHashTable_N/raw_assign`: it counts for the next request.
"""

import argparse
import os
import pathlib
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import grpc
import numpy
import tensorflow as tf
from clicks import NEW_USERS, World, movie_id, user_id
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc
from train import BATCH, MODEL, SHARDS, TwoTowers


class Shard:
    """One shard, where it is served."""

    def __init__(self, index, address):
        self.index = index
        self.channel = grpc.insecure_channel(address)
        self.stub = prediction_service_pb2_grpc.PredictionServiceStub(self.channel)

    def part(self, ids, rows):
        """What is this shard's of them."""
        is_here = ids % SHARDS == self.index
        return ids[is_here], rows[is_here]

    def assign(self, tables, timeout=10):
        """- Parameter tables: the ids and the rows of each table, in the order of their names."""
        request = predict_pb2.PredictRequest()
        request.model_spec.name = f"{MODEL}:ps_{self.index}"
        request.model_spec.signature_name = f"MonolithMultiHashTable_{self.index}/raw_assign"
        splits = numpy.cumsum([0, *(len(ids) for ids, _ in tables)])
        inputs = {
            "id": numpy.concatenate([ids for ids, _ in tables]).astype(numpy.int64),
            "id_split": splits.astype(numpy.int64),
            "flat_value": numpy.concatenate([rows.ravel() for _, rows in tables]).astype(numpy.float32),
        }
        for alias, values in inputs.items():
            request.inputs[alias].CopyFrom(tf.make_tensor_proto(values))
        self.stub.Predict(request, timeout=timeout)
        return int(splits[-1])


class OnlineTraining:
    """Rows go on learning; the dense part stays as it was exported."""

    def __init__(self, folder, addresses, seed=4):
        self.model = TwoTowers.restore(pathlib.Path(folder) / "checkpoint.npz")
        self.world = World(seed)
        self.learn = self.model.learner([*self.model.rows.values()])
        addresses = list(addresses) * (SHARDS if len(addresses) == 1 else 1)
        self.shards = [Shard(index, address) for index, address in enumerate(addresses)]

    def round(self, users=NEW_USERS):
        """A batch of clicks, and pushes of all rows that it has changed. Gives how many those are."""
        clicks = self.world.clicks(BATCH, users)
        self.learn(clicks.movies, clicks.users, clicks.labels)
        changed = []
        for name, numbers, id_of in [("mov", clicks.movies, movie_id), ("uid", clicks.users, user_id)]:
            numbers = numpy.unique(numbers)
            changed.append((id_of(numbers), tf.gather(self.model.rows[name], numbers).numpy()))
        return sum(shard.assign([shard.part(ids, rows) for ids, rows in changed]) for shard in self.shards)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=pathlib.Path, help="where train.py has written")
    parser.add_argument("addresses", nargs="*", default=["localhost:8500"], help="of gRPC, of all shards or of each")
    parser.add_argument("--rounds", type=int, default=30, help="batches of clicks (%(default)s)")
    options = parser.parse_args()
    training = OnlineTraining(options.folder, options.addresses)
    begin, rows = time.monotonic(), 0
    for number in range(options.rounds):
        rows += training.round()
        seconds = time.monotonic() - begin
        end = "\r" if sys.stdout.isatty() and number + 1 < options.rounds else "\n"
        print(f"push: round {number + 1} of {options.rounds}, {rows} rows in {seconds:.1f} s", end=end, flush=True)


if __name__ == "__main__":
    main()
