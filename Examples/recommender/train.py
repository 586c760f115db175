"""Trains a two-tower model on generated clicks and exports it as Monolith does: an entry, and shards with embeddings.

    .venv/bin/python Examples/recommender/train.py FOLDER

FOLDER/exported_models is what is served, FOLDER/checkpoint.npz what push.py goes on from.

Each movie and each user has a row: a bias and a vector. A small tower turns the vector of a movie, another that of a
user; the score is how well those fit, and the biases.
"""

import argparse
import os
import pathlib
import shutil

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import numpy
import tensorflow as tf
from clicks import MOVIES, NEW_USERS, USERS, World, auc, movie_id, user_id
from monolith_export import Table, write_entry, write_shard

MODEL = "recommender"
SHARDS = 3
VECTOR = 16
TOWER = 8
# In the order of their names.
TABLES = [Table("mov", VECTOR), Table("uid", VECTOR)]
BATCH = 2048


class TwoTowers(tf.Module):
    """The dense part, which the entry has, and the rows, which the shards have."""

    def __init__(self):
        random = tf.random.Generator.from_seed(2)

        def rows(count):
            return tf.Variable(tf.concat([tf.zeros([count, 1]), random.normal([count, VECTOR], stddev=0.1)], 1))

        self.rows = {"mov": rows(MOVIES), "uid": rows(NEW_USERS.stop)}
        self.towers = {table.name: tf.Variable(random.normal([VECTOR, TOWER], stddev=0.35)) for table in TABLES}
        self.bias = tf.Variable(0.0)

    @property
    def dense(self):
        return {f"{name}_tower": tower for name, tower in self.towers.items()} | {"bias": self.bias}

    @staticmethod
    def logits(rows, dense):
        """- Parameter rows: of movies and of users, [n, 1 + VECTOR] each."""
        sides = [tf.matmul(part[:, 1:], dense[f"{table.name}_tower"]) for part, table in zip(rows, TABLES)]
        return tf.reduce_sum(sides[0] * sides[1], 1) + rows[0][:, 0] + rows[1][:, 0] + dense["bias"]

    def __call__(self, movies, users):
        rows = [tf.gather(self.rows["mov"], movies), tf.gather(self.rows["uid"], users)]
        return self.logits(rows, self.dense)

    def learner(self, variables, rate=0.1):
        """A step of Adagrad on `variables` for a batch: movies, users, labels."""
        optimizer = tf.keras.optimizers.Adagrad(rate)
        optimizer.build(variables)

        @tf.function(reduce_retracing=True)
        def learn(movies, users, labels):
            with tf.GradientTape() as tape:
                losses = tf.nn.sigmoid_cross_entropy_with_logits(labels, self(movies, users))
                loss = tf.reduce_sum(losses)
            gradients = [tf.convert_to_tensor(part) for part in tape.gradient(loss, variables)]
            optimizer.apply_gradients(zip(gradients, variables))
            return tf.reduce_mean(losses)

        return learn

    def save(self, file):
        numpy.savez(file, **{name: rows.numpy() for name, rows in (self.rows | self.dense).items()})

    @classmethod
    def restore(cls, file):
        model = cls()
        with numpy.load(file) as saved:
            for name, variable in (model.rows | model.dense).items():
                variable.assign(saved[name])
        return model


def train(model, clicks, epochs=4):
    learn = model.learner([*model.rows.values(), *model.dense.values()])
    for epoch in range(epochs):
        order = numpy.random.default_rng(epoch).permutation(len(clicks))
        losses = []
        for begin in range(0, len(clicks), BATCH):
            batch = order[begin : begin + BATCH]
            losses.append(learn(clicks.movies[batch], clicks.users[batch], clicks.labels[batch]))
        print(f"train: epoch {epoch + 1} of {epochs}, loss {numpy.mean(losses):.4f}", flush=True)


def export(model, folder, version=1):
    """Writes all parts; of the users those that were there in time."""
    dense = {name: variable.numpy() for name, variable in model.dense.items()}

    def score(rows):
        served = {name: tf.compat.v1.get_variable(name, initializer=value) for name, value in dense.items()}
        return tf.sigmoid(model.logits(rows, served))

    rows = {name: part.numpy() for name, part in model.rows.items()}
    ids = {
        "mov": {movie_id(movie): movie for movie in range(MOVIES)},
        "uid": {user_id(user): user for user in USERS},
    }
    write_entry(folder / "entry" / str(version), MODEL, TABLES, SHARDS, score)
    for index in range(SHARDS):
        shard = {
            table.name: {id: rows[table.name][n] for id, n in ids[table.name].items() if id % SHARDS == index}
            for table in TABLES
        }
        write_shard(folder / f"ps_{index}" / str(version), index, TABLES, shard)


def run(folder, clicks=400_000):
    """Trains, exports to `folder`, and says how good it is."""
    model = TwoTowers()
    train(model, World(seed=1).clicks(clicks, USERS))
    export(model, folder / "exported_models")
    model.save(folder / "checkpoint.npz")
    unseen = World(seed=2).clicks(20_000, USERS)
    score = auc(unseen.labels, model(unseen.movies, unseen.users).numpy())
    print(f"train: AUC {score:.3f} for clicks that it has not seen; written to {folder}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=pathlib.Path, help="where it all goes; an export that is there is replaced")
    parser.add_argument("--clicks", type=int, default=400_000, help="how many to learn from (%(default)s)")
    options = parser.parse_args()
    shutil.rmtree(options.folder / "exported_models", ignore_errors=True)
    run(options.folder, options.clicks)


if __name__ == "__main__":
    main()
