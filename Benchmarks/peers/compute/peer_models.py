"""The models as the peers run them: float32 arrays in and out, one thread, the global interpreter lock released.

Needs NumPy alone. The folder named by PEERS_COMPUTE holds what the runner wrote: libperceptron.so, and perceptron.npz
with the weights of the SavedModel that ours serves.
"""
import ctypes
import os
import pathlib

import numpy

HALF, TWO = numpy.float32(0.5), numpy.float32(2)


class HalfPlusTwo:
    """[n, 1] to [n, 1]"""

    input, output, columns = "x", "y", 1

    def run(self, rows):
        return rows * HALF + TWO


class Perceptron:
    """[n, 784] to [n, 10]"""

    input, output, columns = "image", "probabilities", 784

    def __init__(self):
        folder = pathlib.Path(os.environ["PEERS_COMPUTE"])
        self.library = ctypes.CDLL(str(folder / "libperceptron.so"))
        self.library.network_new.restype = ctypes.c_void_p
        self.library.network_add.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p]
        self.library.network_run.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p]
        self.network = self.library.network_new()
        with numpy.load(folder / "perceptron.npz") as arrays:
            for number in range(len(arrays) // 2):
                weights = numpy.ascontiguousarray(arrays[f"weights{number}"], "f4")
                bias = numpy.ascontiguousarray(arrays[f"bias{number}"], "f4")
                self.library.network_add(self.network, *weights.shape, weights.ctypes.data, bias.ctypes.data)
        self.outputs = len(bias)

    def run(self, rows):
        rows = numpy.ascontiguousarray(rows, "f4")
        # The library trusts what it is given; this check is what keeps a bad request from reading beyond the rows.
        if rows.ndim != 2 or rows.shape[1] != self.columns:
            raise ValueError(f"image must be [n, {self.columns}], not {list(rows.shape)}")
        out = numpy.empty((len(rows), self.outputs), "f4")
        self.library.network_run(self.network, len(rows), rows.ctypes.data, out.ctypes.data)
        return out


MODELS = {"half_plus_two": HalfPlusTwo, "perceptron": Perceptron}
