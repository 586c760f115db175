"""gRPC by hand over one HTTP/2 connection, for what no gRPC client would send."""

import socket
import urllib.parse

import h2.config
import h2.connection
import h2.events

from .waiting import LONG


class GRPCConnection:
    """One connection; a context manager."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=LONG)
        config = h2.config.H2Configuration(client_side=True, header_encoding="utf-8", validate_outbound_headers=False)
        self.http2 = h2.connection.H2Connection(config)
        self.http2.initiate_connection()
        self.streams = {}
        self.goaway = None
        self.flush()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def flush(self):
        self.socket.sendall(self.http2.data_to_send())

    def start(self, path, headers=()):
        stream = self.http2.get_next_available_stream_id()
        self.streams[stream] = {"headers": {}, "trailers": {}, "data": b"", "ended": False, "reset": None}
        self.http2.send_headers(
            stream,
            [
                (":method", "POST"),
                (":scheme", "http"),
                (":path", path),
                (":authority", "localhost"),
                ("te", "trailers"),
                ("content-type", "application/grpc"),
                *headers,
            ],
        )
        self.flush()
        return stream

    def send(self, stream, data, end=True):
        """Sends within the peer's windows. Bodies here are smaller than the first window."""
        self.http2.send_data(stream, data, end_stream=end)
        self.flush()

    def read(self):
        """Takes one piece of what the server sends; false when it has closed the connection."""
        data = self.socket.recv(65536)
        if not data:
            return False
        for event in self.http2.receive_data(data):
            self._take(event)
        self.flush()
        return True

    def _take(self, event):
        match event:
            case h2.events.ResponseReceived():
                self.streams[event.stream_id]["headers"] = dict(event.headers)
            case h2.events.TrailersReceived():
                self.streams[event.stream_id]["trailers"] = dict(event.headers)
            case h2.events.DataReceived():
                self.streams[event.stream_id]["data"] += event.data
                self.http2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            case h2.events.StreamEnded():
                self.streams[event.stream_id]["ended"] = True
            case h2.events.StreamReset():
                self.streams[event.stream_id]["reset"] = event.error_code
            case h2.events.ConnectionTerminated():
                self.goaway = event

    def finish(self, stream):
        """Waits for the stream's end; gRPC status and text, status None without one."""
        state = self.streams[stream]
        while not state["ended"] and state["reset"] is None:
            assert self.read(), "the server closed the connection"
        fields = {**state["headers"], **state["trailers"]}
        status = fields.get("grpc-status")
        return (None if status is None else int(status)), urllib.parse.unquote(fields.get("grpc-message", ""))

    def call(self, path, body, headers=()):
        stream = self.start(path, headers)
        self.send(stream, body)
        return self.finish(stream)
