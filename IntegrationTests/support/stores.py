"""Real stores: S3 by moto, Google's storage by its emulator, web servers by nginx and Python. Each is a process."""

import contextlib
import os
import pathlib
import signal
import socket
import subprocess
import sys

import boto3
import requests

from .server import free_port
from .waiting import LONG, NotYet, eventually

KEYS = {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret"}


class StoreProcess:
    """A server of somebody else's that listens on a port of its own; a context manager that ends it."""

    def __init__(self, *command, port, environment=None, log):
        self.port = port
        self.command = [str(part) for part in command]
        self.environment = {**os.environ, **(environment or {})}
        self.log = pathlib.Path(log)
        self.process = None
        self.start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                self.command, env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

        def listens():
            if self.process.poll() is not None:
                raise AssertionError(f"{self.command} ended:\n{self.log.read_text(errors='replace')}")
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return True
            raise NotYet("nobody listens")

        eventually(listens, f"{self.command[:3]} to listen")
        return self

    def kill(self):
        """As a power cut: no goodbye."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(LONG)

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(LONG)

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if error is not None:
            print(f"--- {self.command[0]}\n{self.log.read_text(errors='replace')[-4000:]}\n---")
        self.stop()


def s3_server(folder):
    port = free_port()
    # Started by its own function: the command of the package would be another process.
    program = f"from moto.server import main; main(['-H', '127.0.0.1', '-p', '{port}'])"
    return StoreProcess(sys.executable, "-c", program, port=port, log=folder / "s3.log", environment=KEYS)


def s3_client(server, service="s3"):
    return boto3.client(
        service,
        endpoint_url=server.url,
        region_name="us-east-1",
        aws_access_key_id=KEYS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=KEYS["AWS_SECRET_ACCESS_KEY"],
    )


def gcs_server(folder):
    port = free_port()
    command = [sys.executable, "-m", "gcp_storage_emulator", "start", "--host=127.0.0.1", f"--port={port}", "--in-memory"]
    return StoreProcess(*command, "--default-bucket=models", port=port, log=folder / "gcs.log")


def gcs_upload(server, name, content):
    answer = requests.post(
        f"{server.url}/upload/storage/v1/b/models/o",
        params={"uploadType": "media", "name": name},
        data=content,
        timeout=LONG,
    )
    answer.raise_for_status()


def web_server(folder, root, rate=None, json=False, user=None):
    """nginx, which knows ranges and tags. `rate` bounds what a connection gets, like `100k`."""
    port = free_port()
    users = ""
    if user:
        (folder / "users").write_text(user)
        users = f'auth_basic "models"; auth_basic_user_file {folder}/users;'
    configuration = folder / "nginx.conf"
    configuration.write_text(
        f"""
        daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/nginx.log; worker_processes 1; user root;
        events {{ worker_connections 64; }}
        http {{
            access_log {folder}/access.log; client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2;
            fastcgi_temp_path {folder}/t3; uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
            server {{
                listen 127.0.0.1:{port}; root {root}; autoindex on;
                {"autoindex_format json;" if json else ""} {f"limit_rate {rate};" if rate else ""} {users}
            }}
        }}
        """
    )
    return StoreProcess("nginx", "-c", configuration, "-p", folder, port=port, log=folder / "nginx.log")


def python_web_server(folder, root):
    """Python's own, which knows no ranges."""
    port = free_port()
    command = [sys.executable, "-m", "http.server", port, "--bind", "127.0.0.1", "--directory", root]
    return StoreProcess(*command, port=port, log=folder / "web.log")
