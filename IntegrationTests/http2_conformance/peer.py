"""A client that sends what it is told, right or wrong, frame by frame."""

import socket
import struct

import hpack
from hyperframe import frame as frames

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
PATIENCE = 20

NO_ERROR, PROTOCOL_ERROR, INTERNAL_ERROR, FLOW_CONTROL_ERROR, SETTINGS_TIMEOUT, STREAM_CLOSED = range(6)
FRAME_SIZE_ERROR, REFUSED_STREAM, CANCEL, COMPRESSION_ERROR, CONNECT_ERROR, ENHANCE_YOUR_CALM = range(6, 12)


def raw_frame(kind, flags=0, stream=0, payload=b"", length=None):
    """A frame of any bytes, also of those that hyperframe refuses to write."""
    length = len(payload) if length is None else length
    return struct.pack(">I", length)[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def header_block(fields):
    """Literals without indexing, so that no compression state is involved."""

    def text(value):
        value = value if isinstance(value, bytes) else value.encode()
        assert len(value) < 127
        return bytes([len(value)]) + value

    return b"".join(b"\0" + text(name) + text(value) for name, value in fields)


def request_fields(path="/", method="POST", more=()):
    return [(":method", method), (":scheme", "http"), (":path", path), (":authority", "localhost"), *more]


def headers(stream, path="/", more=(), end=True, fields=None, flags=None, block=None):
    """A HEADERS frame as bytes."""
    if block is None:
        block = header_block(request_fields(path, more=more) if fields is None else fields)
    if flags is None:
        flags = 0x5 if end else 0x4
    return raw_frame(1, flags, stream, block)


def data(stream, payload, end=True):
    return raw_frame(0, 1 if end else 0, stream, payload)


def continuation(stream, block, end=True):
    return raw_frame(9, 4 if end else 0, stream, block)


def settings(*pairs):
    return raw_frame(4, payload=b"".join(struct.pack(">HI", key, value) for key, value in pairs))


SETTINGS_ACK = raw_frame(4, 1)


def ping(payload=b"12345678", flags=0):
    return raw_frame(6, flags, 0, payload)


def reset(stream, code=CANCEL):
    return raw_frame(3, 0, stream, struct.pack(">I", code))


def window_update(stream, increment):
    return raw_frame(8, 0, stream, struct.pack(">I", increment))


class Response:
    def __init__(self):
        self.blocks = []
        self.body = bytearray()
        self.ended = False
        self.reset = None

    @property
    def fields(self):
        return {name: value for block in self.blocks for name, value in block}

    @property
    def status(self):
        return self.fields.get(":status")


class Peer:
    """One connection; a context manager. `responses` collects what came, by stream."""

    def __init__(self, address, handshake=True, initial=()):
        self.socket = socket.create_connection(address, timeout=PATIENCE)
        # Fixed, as it grows to tens of megabytes on some machines: no test's answer would ever have to wait then.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 18)
        self.buffer = b""
        self.decoder = hpack.Decoder()
        self.responses = {}
        self.settings = {}
        self.goaway = None
        self.block = b""
        if handshake:
            self.send(PREFACE + settings(*initial))
            self.expect(lambda frame: isinstance(frame, frames.SettingsFrame) and "ACK" not in frame.flags)
            self.send(SETTINGS_ACK)
            self.expect(lambda frame: isinstance(frame, frames.SettingsFrame) and "ACK" in frame.flags)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, *pieces):
        self.socket.sendall(b"".join(pieces))

    def send_unless_closed(self, *pieces):
        """For floods, which the server may cut short."""
        try:
            self.send(*pieces)
        except (BrokenPipeError, ConnectionResetError):
            pass

    def _more(self):
        try:
            piece = self.socket.recv(1 << 16)
        except ConnectionResetError:
            piece = b""
        self.buffer += piece
        return bool(piece)

    def read(self):
        """The next frame, or None at the end of the connection."""
        while len(self.buffer) < 9:
            if not self._more():
                return None
        frame, length = frames.Frame.parse_frame_header(memoryview(self.buffer[:9]))
        while len(self.buffer) < 9 + length:
            assert self._more(), "the connection ends inside a frame"
        frame.parse_body(memoryview(self.buffer[9 : 9 + length]))
        self.buffer = self.buffer[9 + length :]
        self._take(frame)
        return frame

    def _take(self, frame):
        if isinstance(frame, frames.SettingsFrame) and "ACK" not in frame.flags:
            self.settings |= frame.settings
        if isinstance(frame, frames.GoAwayFrame):
            self.goaway = frame
        if frame.stream_id == 0:
            return
        response = self.responses.setdefault(frame.stream_id, Response())
        if isinstance(frame, (frames.HeadersFrame, frames.ContinuationFrame)):
            self.block += frame.data
            if "END_HEADERS" in frame.flags:
                response.blocks.append(self.decoder.decode(self.block))
                self.block = b""
        if isinstance(frame, frames.DataFrame):
            response.body += frame.data
        if isinstance(frame, frames.RstStreamFrame):
            response.reset = frame.error_code
        if "END_STREAM" in frame.flags:
            response.ended = True

    def expect(self, condition):
        """The next frame that meets the condition; what comes before it is taken note of."""
        while True:
            frame = self.read()
            assert frame is not None, f"the connection ended; GOAWAY: {self.goaway}"
            if condition(frame):
                return frame

    def response(self, stream):
        """The whole response on a stream, or how far it came until a reset."""
        response = self.responses.setdefault(stream, Response())
        while not response.ended and response.reset is None:
            assert self.read() is not None, f"the connection ended; GOAWAY: {self.goaway}"
        return response

    def answers_ping(self, payload=b"are you?"):
        """Proof that the server has handled all that was sent, and lives."""
        self.send(ping(payload))
        self.expect(
            lambda frame: isinstance(frame, frames.PingFrame) and "ACK" in frame.flags and frame.opaque_data == payload
        )
        return True

    def ended_with(self):
        """Reads to the connection's end; the error code of its last GOAWAY, None without one."""
        while self.read() is not None:
            pass
        return self.goaway.error_code if self.goaway else None
