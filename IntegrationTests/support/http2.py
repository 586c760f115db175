"""gRPC by hand over one HTTP/2 connection, for what no gRPC client would send and none would show.

Frames come from hyperframe and headers from hpack; the rest is here, because h2 takes a connection for closed as soon as
it has seen a GOAWAY.
"""

import socket
import urllib.parse

import hpack
from hyperframe.frame import (
    ContinuationFrame,
    DataFrame,
    Frame,
    GoAwayFrame,
    HeadersFrame,
    PingFrame,
    RstStreamFrame,
    SettingsFrame,
    WindowUpdateFrame,
)

from .waiting import LONG

LARGEST_FRAME = 16_384


class Stream:
    """What came back on one stream."""

    def __init__(self):
        self.fields = {}
        self.data = b""
        self.ended = False
        self.reset = None


class GRPCConnection:
    """One connection; a context manager."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=LONG)
        self.encoder, self.decoder = hpack.Encoder(), hpack.Decoder()
        self.streams = {}
        self.goaway = None
        self._next_stream = 1
        self._received = b""
        self._block = b""
        self.socket.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        self._write(SettingsFrame(0, {SettingsFrame.ENABLE_PUSH: 0}))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def _write(self, *frames):
        self.socket.sendall(b"".join(frame.serialize() for frame in frames))

    def _reply(self, *frames):
        """What the protocol asks for; the server may have closed the connection meanwhile."""
        try:
            self._write(*frames)
        except OSError:
            pass

    def head(self, path, headers=()):
        """A new stream and the frame that opens it."""
        stream = self._next_stream
        self._next_stream += 2
        self.streams[stream] = Stream()
        fields = [
            (":method", "POST"),
            (":scheme", "http"),
            (":path", path),
            (":authority", "localhost"),
            ("te", "trailers"),
            ("content-type", "application/grpc"),
            *headers,
        ]
        return stream, HeadersFrame(stream, self.encoder.encode(fields), flags=["END_HEADERS"])

    def start(self, path, headers=()):
        stream, frame = self.head(path, headers)
        self._write(frame)
        return stream

    def body(self, stream, data, end=True):
        """DATA frames. Bodies here are smaller than the first window."""
        pieces = [data[at : at + LARGEST_FRAME] for at in range(0, len(data), LARGEST_FRAME)] or [b""]
        frames = [DataFrame(stream, piece) for piece in pieces]
        if end:
            frames[-1].flags.add("END_STREAM")
        return frames

    def send(self, stream, data, end=True):
        self._write(*self.body(stream, data, end))

    def read(self):
        """Takes the next frame of the server; false when it has closed the connection."""
        header = self._exactly(9)
        if header is None:
            return False
        frame, length = Frame.parse_frame_header(memoryview(header))
        payload = self._exactly(length)
        if payload is None:
            return False
        frame.parse_body(memoryview(payload))
        self._take(frame)
        return True

    def _exactly(self, count):
        while len(self._received) < count:
            try:
                piece = self.socket.recv(65_536)
            except ConnectionResetError:
                return None
            if not piece:
                return None
            self._received += piece
        taken, self._received = self._received[:count], self._received[count:]
        return taken

    def _take(self, frame):
        match frame:
            case HeadersFrame() | ContinuationFrame():
                self._block += frame.data
                if "END_HEADERS" in frame.flags:
                    self.streams[frame.stream_id].fields.update(self.decoder.decode(self._block))
                    self._block = b""
            case DataFrame():
                self.streams[frame.stream_id].data += frame.data
                if frame.flow_controlled_length:
                    count = frame.flow_controlled_length
                    self._reply(WindowUpdateFrame(0, count), WindowUpdateFrame(frame.stream_id, count))
            case RstStreamFrame():
                self.streams[frame.stream_id].reset = frame.error_code
            case GoAwayFrame():
                self.goaway = frame
            case SettingsFrame() if "ACK" not in frame.flags:
                self._reply(SettingsFrame(0, flags=["ACK"]))
            case PingFrame() if "ACK" not in frame.flags:
                self._reply(PingFrame(0, frame.opaque_data, flags=["ACK"]))
        if "END_STREAM" in frame.flags:
            self.streams[frame.stream_id].ended = True

    def finish(self, stream):
        """Waits for the stream's end; gRPC status and text, status None without one."""
        state = self.streams[stream]
        while not state.ended and state.reset is None:
            assert self.read(), "the server closed the connection"
        status = state.fields.get("grpc-status")
        return (None if status is None else int(status)), urllib.parse.unquote(state.fields.get("grpc-message", ""))

    def call(self, path, body, headers=()):
        stream = self.start(path, headers)
        self.send(stream, body)
        return self.finish(stream)
