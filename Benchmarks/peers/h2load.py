"""Closed-loop load by h2load: HTTP/1.1 JSON, and any unary gRPC call whose framed message lies in a file."""
import dataclasses
import pathlib
import re
import subprocess

# A server that says nothing for so long has failed what it was asked.
STUCK_SECONDS = 15
UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1}


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What h2load says of one run: requests made, those without a success, body bytes of answers, seconds."""

    made: int
    failed: int
    bytes: int
    seconds: float


def parse(text):
    """Reads h2load's summary; raises ValueError when there is none."""
    counts = re.search(r"requests: \d+ total, \d+ started, (\d+) done, (\d+) succeeded, (\d+) failed, (\d+) errored", text)
    data = re.search(r"traffic:.*?\((\d+)\) data", text)
    seconds = re.search(r"finished in ([\d.]+)(us|ms|s)", text)
    if not (counts and data and seconds):
        raise ValueError(f"no summary of h2load in {text[-300:]!r}")
    done, succeeded, _failed, errored = map(int, counts.groups())
    # Requests whose connection broke are not among those done.
    return Outcome(done + errored, done + errored - succeeded, int(data[1]), float(seconds[1]) * UNITS[seconds[2]])


def parse_log(lines):
    """Sorted latencies in microseconds of the requests answered with status 200."""
    rows = (line.split("\t") for line in lines)
    return sorted(int(row[2]) for row in rows if len(row) >= 3 and row[1] == "200")


def wrong_answers(outcome, size):
    """Successes by HTTP's measure whose body is missing: a gRPC error has no message. `size` is a right one's bytes."""
    if size <= 0:
        return 0
    return max(0, outcome.made - outcome.failed - round(outcome.bytes / size))


@dataclasses.dataclass(frozen=True)
class Load:
    """One request, repeated by `connections` × `streams` callers that each wait for their answer."""

    url: str
    protocol: str
    body: pathlib.Path | None
    connections: int
    streams: int

    def command(self, requests, seconds, cores, log):
        command = ["taskset", "-c", ",".join(map(str, cores)), "h2load",
                   *(["-n", str(requests)] if requests else ["-D", f"{int(seconds * 1000)}ms"]),
                   "-c", str(self.connections), "-m", str(self.streams), "-t", str(min(len(cores), self.connections)),
                   f"--connection-inactivity-timeout={STUCK_SECONDS}s", f"--log-file={log}"]
        if self.protocol != "gRPC":
            command.append("--h1")
        if self.body:
            kind = "application/grpc" if self.protocol == "gRPC" else "application/json"
            command += ["-d", str(self.body), "-H", f"content-type: {kind}", "-H", "te: trailers"]
        return command + [self.url]

    def run(self, cores, log, requests=0, seconds=0):
        """Sends `requests`, or for `seconds`; returns (outcome, sorted latencies in µs)."""
        log.unlink(missing_ok=True)
        done = subprocess.run(self.command(requests, seconds, cores, log), capture_output=True, text=True)
        outcome = parse(done.stdout)
        with open(log) as lines:
            return outcome, parse_log(lines)
