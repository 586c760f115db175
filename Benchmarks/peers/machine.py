"""The machine: what it is, how its cores are shared out, and what others do on it meanwhile."""
import os
import pathlib
import platform
import resource
import time


def cores_for(available):
    """(cores of the server, cores of the client): halves of what there is, one of each at least, two at most.

    On a single core both share it.
    """
    available = sorted(available)
    if len(available) < 2:
        return tuple(available), tuple(available)
    half = min(2, len(available) // 2)
    return tuple(available[:half]), tuple(available[half : 2 * half])


def describe():
    """CPU, cores, memory, system, as one line."""
    cpu = platform.processor() or "unknown CPU"
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            cpu = line.partition(":")[2].strip()
            break
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    cores = os.cpu_count()
    return f"{cpu}, {cores} cores, {memory:.0f} GiB, {platform.system()} {platform.release()}"


def busy_seconds(text):
    """Seconds that all cores together were busy since the start, from the text of /proc/stat."""
    user, nice, system, _idle, _wait, irq, softirq, steal = map(int, text.splitlines()[0].split()[1:9])
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")


class Window:
    """Time in which a server and its client work; afterwards it knows how much of the machine others used."""

    def __init__(self, server_cpu):
        self.server_cpu = server_cpu

    def __enter__(self):
        self.before = self.clocks()
        return self

    def __exit__(self, *_):
        wall, busy, server, client = (after - before for after, before in zip(self.clocks(), self.before))
        self.seconds, self.cpu = wall, server
        self.foreign = max(0.0, busy - server - client) / (wall * os.cpu_count())

    def clocks(self):
        children, own = resource.getrusage(resource.RUSAGE_CHILDREN), resource.getrusage(resource.RUSAGE_SELF)
        client = children.ru_utime + children.ru_stime + own.ru_utime + own.ru_stime
        return time.monotonic(), busy_seconds(pathlib.Path("/proc/stat").read_text()), self.server_cpu(), client
