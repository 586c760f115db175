"""A client in the background."""

import statistics
import threading
import time

import numpy

from .tensors import array, predict_request
from .waiting import LONG


class Asking:
    """A client that asks one model again and again until it is told to stop; a context manager."""

    def __init__(self, server, name="half"):
        self.times, self.versions, self.failures = [], set(), []
        self._stub = server.prediction()
        self._request = predict_request(name, {"x": numpy.float32([2.0])})
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self):
        while not self._done.is_set():
            start = time.monotonic()
            try:
                response = self._stub.Predict(self._request, timeout=LONG)
                assert array(response.outputs["y"]).tolist() == [3.0]
                self.versions.add(response.model_spec.version.value)
            except Exception as failure:
                self.failures.append(failure)
                return
            self.times.append(time.monotonic() - start)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._done.set()
        self._thread.join(LONG)

    def p99(self, since=0):
        return statistics.quantiles(self.times[since:], n=100)[98] * 1000
