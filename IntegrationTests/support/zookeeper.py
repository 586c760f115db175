"""A real ZooKeeper of Debian's, on a free port of 127.0.0.1."""

import pathlib
import socket

from .server import free_port
from .stores import StoreProcess
from .waiting import NotYet, eventually

JARS = pathlib.Path("/usr/share/java")
CONFIGURATION = """\
tickTime=200
dataDir={folder}/data
clientPort={port}
clientPortAddress=127.0.0.1
admin.enableServer=false
4lw.commands.whitelist=*
"""


class ZooKeeper(StoreProcess):
    """A server; sessions end 0.4 to 4 s after the last word of their client."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        port = free_port()
        (self.folder / "data").mkdir(parents=True, exist_ok=True)
        file = self.folder / "zoo.cfg"
        file.write_text(CONFIGURATION.format(folder=self.folder, port=port))
        super().__init__(
            "java",
            "-Xmx128m",
            "-cp",
            f"{JARS}/zookeeper.jar",
            "org.apache.zookeeper.server.quorum.QuorumPeerMain",
            file,
            port=port,
            log=self.folder / "log",
        )
        eventually(self.is_serving, "ZooKeeper to serve", check=self.check)

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def check(self):
        assert self.process.poll() is None, self.log.read_text(errors="replace")

    def ask(self, word):
        """The answer to one of its words of four letters."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
            connection.sendall(word.encode())
            parts = []
            while part := connection.recv(1 << 16):
                parts.append(part)
        return b"".join(parts).decode()

    def is_serving(self):
        try:
            return "imok" in self.ask("ruok") and "Mode:" in self.ask("srvr")
        except OSError as reason:
            raise NotYet(str(reason)) from reason
