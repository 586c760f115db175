"""The open-loop part: requests that arrive at random, whatever the server does, and are worth nothing after a while."""
import dataclasses
import json
import subprocess

from adapters import PEERS
from adapters.peer import DidNotStart
from closed_loop import Question
from figures import middle, number, spread, table
from machine import Window
from report import ends, one_line

MODEL = "perceptron"
DEADLINE_MS = 25
# Arrivals, as multiples of what the server did with 128 callers that wait.
RATES = (0.5, 1, 2)
CALLERS = 128
# A try in the search of the grid: below capacity nothing may be lost, beyond it something should be won.
TRY_RATES, TRY_SECONDS = (0.5, 2), 0.8


@dataclasses.dataclass(frozen=True)
class OpenSample:
    offered: int
    good: int
    in_time_rate: float  # answers within the deadline, a second
    cpu: float  # microseconds of the server's CPU for each of them
    others: dict  # {what became of the others: how many}

    @property
    def in_time_share(self):
        return self.good / self.offered if self.offered else float("nan")


def parse(document, cpu_seconds):
    """An OpenSample from what `apus bench --json` writes."""
    (result,) = document["results"]
    offered, ok, good = result["offered"], result["ok"], result["good"]
    others = {error["what"]: error["count"] for error in result["errors"] if error["what"] != "OK"}
    if ok > good:
        others["late"] = ok - good
    return OpenSample(offered, good, result["goodput"], cpu_seconds / good * 1e6 if good else float("nan"), others)


def sum_of(samples):
    """`345 HTTP 429, 12 late` of all samples, the most first; `none`."""
    total = {}
    for one in samples:
        for what, count in one.others.items():
            total[what] = total.get(what, 0) + count
    return ", ".join(f"{count:,} {what}" for what, count in sorted(total.items(), key=lambda item: -item[1])) or "none"


class Contender:
    """A running server, asked over one protocol, and the rate that all its tunings are measured against."""

    def __init__(self, peer, protocol, capacity=None):
        self.peer, self.protocol, self.capacity = peer, protocol, capacity
        self.question = Question(peer, MODEL, protocol)
        self.samples = {rate: [] for rate in RATES}

    def find_capacity(self, cores):
        self.question.warm_up(CALLERS, 0.5, cores)
        self.capacity = self.question.sample(CALLERS, 1, cores).rate

    def bench(self, rate, seconds, cores):
        """One run of `apus bench`."""
        url, peer = self.question.endpoint.url, self.peer
        command = ["taskset", "-c", ",".join(map(str, cores)), peer.bench.build / "apus", "bench"]
        if self.protocol == "gRPC":
            address, _, method = url.removeprefix("http://").partition("/")
            command += ["--grpc", address, "--grpc-method", f"/{method}", "--body", self.question.body]
        else:
            command += ["--url", url, "--body", self.question.body]
        # The same arrivals for every server in a round, other ones in the next.
        seed = 1 + max(map(len, self.samples.values()))
        command += ["--rate", f"{max(rate, 1):.0f}", "--deadline", f"{DEADLINE_MS}ms", "--duration", f"{seconds}s",
                    "--warm-up", "0s", "--grace", "1s", "--threads", str(len(cores)), "--seed", str(seed),
                    "--json", "-", "--quiet"]
        with Window(peer.cpu_seconds) as window:
            done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
        # Its backlog would be the next one's noise.
        peer.settle()
        cpu = float("nan") if peer.restart_if_ended() else window.cpu
        try:
            return parse(json.loads(done.stdout), cpu)
        except ValueError:
            # The server does not take connections any more: shown like any other error.
            offered = round(rate * seconds)
            return OpenSample(offered, 0, 0.0, float("nan"), {one_line(done.stderr).removeprefix("Error: "): offered})


class Goodput:
    def __init__(self, bench, cores, say):
        self.bench, self.cores, self.say = bench, cores, say

    def measure(self, running, rounds, quick):
        """The table as text; says why there is none."""
        has_bench = subprocess.run([self.bench.build / "apus", "bench", "--help"], capture_output=True).returncode == 0
        if not has_bench:
            return "Not measured: this build has no `apus bench`."
        seconds = 0.8 if quick else 1.3
        contenders = []
        for peer in running.values():
            protocols = [endpoint.protocol for endpoint in peer.endpoints(MODEL)]
            # Ours over both, so that everybody has somebody to be compared with; the others over the cheaper one.
            for protocol in protocols if not PEERS[peer.name].grid else protocols[-1:]:
                contenders.append(Contender(peer, protocol))
        for contender in contenders:
            contender.find_capacity(self.cores)
        tuned, notes = [], []
        try:
            for contender in list(contenders):
                if not quick and contender.peer.grid:
                    best = self.search(contender, notes)
                    if best:
                        tuned.append(best.peer)
                        contenders.append(best)
            contenders.sort(key=lambda one: list(running).index(one.peer.name))
            for round_number in range(rounds):
                for rate in RATES:
                    self.say(f"{DEADLINE_MS} ms: round {round_number + 1} of {rounds}, {rate:g} × capacity")
                    for contender in contenders:
                        contender.samples[rate].append(contender.bench(rate * contender.capacity, seconds, self.cores))
        finally:
            for peer in tuned:
                peer.stop()
        notes += filter(None, (ends(peer) for peer in tuned))
        head = (
            f"Poisson arrivals; an answer counts if it comes within {DEADLINE_MS} ms of the time its request was meant to be "
            f"sent. 1 × is what the server's default tuning answered with {CALLERS} callers that wait.\n\n")
        return head + self.table(contenders) + "\n\n" + "\n".join(notes)

    def search(self, default, notes):
        """The best of the grid, running; None when the default is as good."""
        kind = type(default.peer)
        best, best_share = None, self.share_in_time(default)
        tried = [f"default {best_share:.0%}"]
        for tuning in kind.grid:
            label = described(tuning)
            self.say(f"{kind.name}: trying {label}")
            peer = kind(self.bench, tuning, label)
            try:
                peer.start()
                contender = Contender(peer, default.protocol, default.capacity)
                contender.question.warm_up(CALLERS, 0.5, self.cores)
                share = self.share_in_time(contender)
            except DidNotStart as reason:
                tried.append(f"{label}: did not start ({one_line(str(reason))[-160:]})")
                peer.stop()
                continue
            ended = f" (ended with status {peer.ends[0]})" if peer.ends else ""
            tried.append(f"{label}: {share:.0%}{ended}")
            if share > best_share:
                if best:
                    best.peer.stop()
                best, best_share = contender, share
            else:
                peer.stop()
        notes.append(f"- {kind.name}, share in time, mean of one try at 0.5 × and one at 2 ×: {'; '.join(tried)}.")
        return best

    def share_in_time(self, contender):
        shares = [contender.bench(rate * contender.capacity, TRY_SECONDS, self.cores).in_time_share for rate in TRY_RATES]
        return sum(shares) / len(shares)

    def table(self, contenders):
        head = ["server", "tuning", "1 × is, requests/s", *(f"in time/s at {rate:g} ×" for rate in RATES)]
        head += [f"in time of all at {rate:g} ×" for rate in RATES]
        head += [f"CPU µs for each in time, {RATES[-1]:g} ×", f"not in time at {RATES[-1]:g} ×"]
        rows = []
        for one in contenders:
            last = one.samples[RATES[-1]]
            rows.append([
                f"{one.peer.name}, {one.protocol}", one.peer.label, number(one.capacity),
                *(spread([s.in_time_rate for s in one.samples[rate]]) for rate in RATES),
                *(f"{middle([s.in_time_share for s in one.samples[rate]]):.0%}" for rate in RATES),
                spread([s.cpu for s in last]), sum_of(last),
            ])
        return table(head, rows)


def described(tuning):
    return ", ".join(f"{name} {value}" for name, value in tuning.items())
