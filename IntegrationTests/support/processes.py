"""What Linux says of a process: memory, threads, descriptors."""

import contextlib
import os
import pathlib


def _status(pid, field):
    """A line of /proc/PID/status in MiB."""
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) / 1024
    raise AssertionError(f"no {field}")


def resident(pid):
    """Resident memory in MiB, with the pages of files."""
    return _status(pid, "VmRSS")


def anonymous(pid):
    """Resident memory that is the process's own, in MiB: without the pages of files, TensorFlow's 850 MB among them."""
    return _status(pid, "RssAnon")


def threads_with_cpu_time(pid):
    """{thread: seconds of CPU so far}"""
    times = {}
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            times[int(task.name)] = int((task / "schedstat").read_text().split()[0]) / 1e9
    return times


def thread_count(pid):
    return len(os.listdir(f"/proc/{pid}/task"))


def descriptor_count(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))
