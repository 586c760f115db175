"""A model whose weights are what matters."""

import os
import subprocess
import sys

from support.versions import settle

WEIGHTS = 16 << 20  # floats: 64 MiB

WRITER = f"""
import sys, tensorflow as tf

class Sum(tf.Module):
    def __init__(self):
        self.w = tf.Variable(tf.zeros([{WEIGHTS}]), name="w")

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32)])
    def serve(self, x):
        # All of the weights take part, in operations that are not folded away.
        return {{"y": x + tf.reduce_sum(self.w) + 1.0}}

module = Sum()
tf.saved_model.save(module, sys.argv[1], signatures=module.serve)
"""


def write_weighty(folder):
    """A version with 64 MiB of variables that adds 1."""
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": "", "TF_CPP_MIN_LOG_LEVEL": "3"}
    subprocess.run([sys.executable, "-c", WRITER, str(folder)], check=True, env=environment, capture_output=True)
    settle(folder)
    return folder
