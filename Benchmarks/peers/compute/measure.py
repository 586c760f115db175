"""CPU time of the peers' perceptron alone, in microseconds a run, for the batch sizes given: {"rows": µs}, JSON."""
import json
import sys
import time

import numpy
from peer_models import Perceptron

model = Perceptron()
costs = {}
for rows in map(int, sys.argv[1:]):
    data = numpy.random.default_rng(rows).random((rows, model.columns), "f4")
    model.run(data)
    rounds = []
    for _ in range(15):
        begin = time.thread_time_ns()
        for _ in range(20):
            model.run(data)
        rounds.append((time.thread_time_ns() - begin) / 20e3)
    costs[rows] = sorted(rounds)[len(rounds) // 2]
print(json.dumps(costs))
