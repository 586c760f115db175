"""What the benchmarks share: the server under test, and how much a process has worked."""
import contextlib
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time


def fail(message):
    sys.exit(f"bench: {message}")


def cpu_seconds(pid):
    """CPU time of a process to the nanosecond, that of threads which have ended included."""
    # As clock_getcpuclockid makes it of a process.
    return time.clock_gettime(~pid << 3 | 2)


def process_tree(pid):
    """The process and all its living descendants."""
    children = {}
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            # The name is in parentheses and may hold anything.
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(stat.parent.name))
    found = [pid]
    for process in found:
        found += children.get(process, [])
    return found


def tree_cpu_seconds(pid):
    """CPU time of a process and all its living descendants."""
    total = 0
    for process in process_tree(pid):
        with contextlib.suppress(OSError):
            total += cpu_seconds(process)
    return total


class Server:
    """The server under test, in release mode, with the models given."""

    def __init__(self, build, models, *options, cores=(), port=0):
        pinned = ["taskset", "-c", ",".join(map(str, cores))] if cores else []
        command = pinned + [str(build / "apus"), "serve", "--host", "127.0.0.1", "--port", str(port), "--rest-port", "0"]
        for name, path in models.items():
            command += ["--model", f"{name}={path}"]
        command += map(str, options)
        self.log = tempfile.NamedTemporaryFile("w+", prefix="apus-bench-", suffix=".log")
        self.process = subprocess.Popen(command, stdout=self.log, stderr=self.log)
        self.grpc = self.wait_for(r"Running gRPC ModelServer at [\d.]+:(\d+)")
        self.rest = self.wait_for(r"Exporting HTTP/REST API at:localhost:(\d+)")
        self.wait_until_ready()

    def wait_for(self, pattern):
        for _ in range(3000):
            text = pathlib.Path(self.log.name).read_text()
            if found := re.search(pattern, text):
                return int(found[1])
            if self.process.poll() is not None:
                break
            time.sleep(0.01)
        fail(f"the server did not start:\n{pathlib.Path(self.log.name).read_text()}")

    def wait_until_ready(self):
        for _ in range(6000):
            status = subprocess.run(
                ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", f"http://127.0.0.1:{self.rest}/v2/health/ready"],
                capture_output=True, text=True).stdout
            if status == "200":
                return
            time.sleep(0.01)
        fail(f"the models did not load:\n{pathlib.Path(self.log.name).read_text()}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)
