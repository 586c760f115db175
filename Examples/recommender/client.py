"""Asks the entry with the official client: what would a user like, and how good is what is served?

    .venv/bin/python Examples/recommender/client.py [HOST:PORT] [--user 7]
"""

import argparse
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import grpc
import numpy
import tensorflow as tf
from clicks import MOVIES, NEW_USERS, USERS, World, auc, genres, movie_id, user_id
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc


def example(movie, user):
    """A serialized tf.Example, as Monolith's entries take them: features `mov` and `uid`."""
    ids = {"mov": movie_id(movie), "uid": user_id(user)}
    features = {name: tf.train.Feature(int64_list=tf.train.Int64List(value=[id])) for name, id in ids.items()}
    return tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString()


class Entry:
    """The served model."""

    def __init__(self, address, model="recommender:entry"):
        self.model = model
        self.channel = grpc.insecure_channel(address)
        self.stub = prediction_service_pb2_grpc.PredictionServiceStub(self.channel)

    def scores(self, movies, users, timeout=10):
        """For each pair of a movie and a user how likely a click is."""
        request = predict_pb2.PredictRequest()
        request.model_spec.name = self.model
        pairs = [example(int(movie), int(user)) for movie, user in zip(movies, users)]
        request.inputs["examples"].CopyFrom(tf.make_tensor_proto(pairs))
        answer = self.stub.Predict(request, timeout=timeout)
        return tf.make_ndarray(answer.outputs["score"])

    def answers(self):
        """Whether all parts are there."""
        try:
            self.scores([0], [0])
        except grpc.RpcError:
            return False
        return True

    def auc(self, users, count=2000, seed=3):
        """How good it is for users of a range, by clicks that nobody has learnt from: 0.5 is chance."""
        clicks = World(seed).clicks(count, users)
        return auc(clicks.labels, self.scores(clicks.movies, clicks.users))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("address", nargs="?", default="localhost:8500", help="of gRPC (%(default)s)")
    parser.add_argument("--user", type=int, default=7, help=f"0 to {NEW_USERS.stop - 1} (%(default)s)")
    options = parser.parse_args()
    entry = Entry(options.address)
    world = World()
    scores = entry.scores(range(MOVIES), [options.user] * MOVIES)
    print(f"user {options.user} likes {genres(world.likes[options.user])}; is recommended:")
    for movie in numpy.argsort(-scores)[:5]:
        print(f"  {scores[movie]:.3f}  movie {movie}: {genres(world.has[movie])}")
    print(f"AUC: users of the export {entry.auc(USERS):.3f}, new users {entry.auc(NEW_USERS):.3f}")


if __name__ == "__main__":
    main()
