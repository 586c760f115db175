"""The closed-loop part: CPU per request, latency and errors of every server for the same question."""
import dataclasses

import wire
from figures import percentile
from h2load import Load, wrong_answers
from machine import Window

# Callers at once: (connections over gRPC, calls on each), and as many connections over HTTP/1.1.
CALLERS = {1: (1, 1), 16: (1, 16), 128: (8, 16)}
# A sample taken while others use more of the machine than this is taken again, once.
FOREIGN_LIMIT = 0.25


@dataclasses.dataclass(frozen=True)
class Sample:
    cpu: float  # microseconds of the server's CPU for each answer
    rate: float  # answers a second
    p50: float  # microseconds
    p99: float
    asked: int
    bad: int  # those without a right answer
    foreign: float  # share of the machine that others used


class Question:
    """One model asked over one protocol of one peer: body on disk, size of a right answer known."""

    def __init__(self, peer, model, protocol):
        self.peer, self.model, self.protocol = peer, model, protocol
        # Answers a second that were seen, by number of callers.
        self.rates = {}
        tensor, _, rows, _ = peer.bench.questions[model]
        endpoint = self.endpoint
        self.body = peer.folder / f"{model}.{protocol}"
        if protocol == "gRPC":
            self.body.write_bytes(wire.framed(wire.grpc_request(endpoint.language, model, tensor, rows)))
            self.answer_size = len(wire.framed(peer.call_grpc(endpoint, model, tensor, rows)))
        else:
            self.body.write_bytes(wire.json_request(endpoint.language, tensor, rows))
            # Here the status tells of errors, and the text's length depends on the last digits of the numbers.
            self.answer_size = 0

    @property
    def endpoint(self):
        """Looked up each time: a server that was started again may have other ports."""
        return next(one for one in self.peer.endpoints(self.model) if one.protocol == self.protocol)

    def load(self, callers):
        connections, streams = CALLERS[callers] if self.protocol == "gRPC" else (callers, 1)
        return Load(self.endpoint.url, self.protocol, self.body, connections, streams)

    def warm_up(self, callers, seconds, cores):
        self.rates[callers] = sample(self.peer, self.load(callers), cores, seconds=seconds, patient=False).rate

    def sample(self, callers, seconds, cores):
        """A number of requests that takes about `seconds`. All of them are waited for, so that no work is counted for
        answers that are not."""
        requests = max(4 * callers, 50, int(self.rates[callers] * seconds))
        taken = sample(self.peer, self.load(callers), cores, requests=requests, answer_size=self.answer_size)
        self.rates[callers] = taken.rate
        return taken


def sample(peer, load, cores, answer_size=0, patient=True, **amount):
    """One measurement; a patient one is taken anew, once, if the machine was not ours."""
    for last in (not patient, True):
        with Window(peer.cpu_seconds) as window:
            outcome, latencies = load.run(cores, peer.folder / "latencies.log", **amount)
        if window.foreign <= FOREIGN_LIMIT or last:
            break
    bad = outcome.failed + wrong_answers(outcome, answer_size)
    # A server that ended took its count of CPU time with it.
    right = 0 if peer.restart_if_ended() else max(0, outcome.made - bad)
    return Sample(
        cpu=window.cpu / right * 1e6 if right else float("nan"),
        rate=right / outcome.seconds,
        p50=percentile(latencies, 0.5),
        p99=percentile(latencies, 0.99),
        asked=outcome.made,
        bad=bad,
        foreign=window.foreign,
    )
