"""RFC 9113 section by section, with frames made by hand."""

import struct

import pytest
from hyperframe import frame as frames

from peer import (
    COMPRESSION_ERROR,
    ENHANCE_YOUR_CALM,
    FLOW_CONTROL_ERROR,
    FRAME_SIZE_ERROR,
    NO_ERROR,
    PREFACE,
    PROTOCOL_ERROR,
    REFUSED_STREAM,
    SETTINGS_ACK,
    STREAM_CLOSED,
    continuation,
    data,
    header_block,
    headers,
    ping,
    raw_frame,
    request_fields,
    reset,
    settings,
    window_update,
)

BLOCK = header_block(request_fields())

# What ends the connection: what is sent, and the codes that GOAWAY may carry.
CONNECTION_ERRORS = {
    "4.2 a frame larger than announced": ([raw_frame(4, 0, 0, b"", length=0xFFFFFF)], {FRAME_SIZE_ERROR}),
    "4.3 a block that cannot be decoded": ([headers(1, block=b"\x80")], {COMPRESSION_ERROR}),
    "4.3 an index beyond the table": ([headers(1, block=BLOCK + b"\xfe")], {COMPRESSION_ERROR}),
    "4.3 a table size beyond the limit": ([headers(1, block=b"\x3f\xe2\x1f" + BLOCK)], {COMPRESSION_ERROR}),
    "4.3 a table size after a field": ([headers(1, block=BLOCK + b"\x20")], {COMPRESSION_ERROR}),
    "4.3 another frame inside a block": ([headers(1, block=BLOCK, flags=1), ping()], {PROTOCOL_ERROR}),
    "4.3 another stream inside a block": ([headers(1, block=BLOCK, flags=1), headers(3)], {PROTOCOL_ERROR}),
    "5.1 DATA on an idle stream": ([data(1, b"x")], {PROTOCOL_ERROR}),
    "5.1 RST_STREAM on an idle stream": ([reset(1)], {PROTOCOL_ERROR}),
    "5.1 WINDOW_UPDATE on an idle stream": ([window_update(1, 1)], {PROTOCOL_ERROR}),
    "5.1 CONTINUATION on an idle stream": ([continuation(1, BLOCK)], {PROTOCOL_ERROR}),
    "5.1.1 an even stream id": ([headers(2)], {PROTOCOL_ERROR}),
    "5.1.1 a smaller stream id": ([headers(5), headers(3)], {PROTOCOL_ERROR}),
    "6.1 DATA on stream 0": ([data(0, b"x")], {PROTOCOL_ERROR}),
    "6.1 DATA shorter than its padding": (
        [headers(1, end=False), raw_frame(0, 8, 1, b"\x05abc")],
        {PROTOCOL_ERROR},
    ),
    "6.2 HEADERS on stream 0": ([headers(0)], {PROTOCOL_ERROR}),
    "6.2 HEADERS shorter than its padding": ([raw_frame(1, 0xD, 1, b"\xff" + BLOCK)], {PROTOCOL_ERROR}),
    "6.3 PRIORITY on stream 0": ([raw_frame(2, 0, 0, bytes(5))], {PROTOCOL_ERROR}),
    "6.4 RST_STREAM on stream 0": ([reset(0)], {PROTOCOL_ERROR}),
    "6.4 RST_STREAM of three bytes": ([headers(1, end=False), raw_frame(3, 0, 1, bytes(3))], {FRAME_SIZE_ERROR}),
    "6.5 SETTINGS on a stream": ([raw_frame(4, 0, 1)], {PROTOCOL_ERROR}),
    "6.5 SETTINGS of seven bytes": ([raw_frame(4, 0, 0, bytes(7))], {FRAME_SIZE_ERROR}),
    "6.5 an acknowledgement with a payload": ([raw_frame(4, 1, 0, bytes(6))], {FRAME_SIZE_ERROR}),
    "6.5.2 ENABLE_PUSH of 2": ([settings((2, 2))], {PROTOCOL_ERROR}),
    "6.5.2 INITIAL_WINDOW_SIZE of 2^31": ([settings((4, 1 << 31))], {FLOW_CONTROL_ERROR}),
    "6.5.2 MAX_FRAME_SIZE of 16383": ([settings((5, 16383))], {PROTOCOL_ERROR}),
    "6.5.2 MAX_FRAME_SIZE of 2^24": ([settings((5, 1 << 24))], {PROTOCOL_ERROR}),
    "6.6 PUSH_PROMISE of a client": ([raw_frame(5, 4, 1, bytes(4) + BLOCK)], {PROTOCOL_ERROR}),
    "6.7 PING on a stream": ([raw_frame(6, 0, 1, bytes(8))], {PROTOCOL_ERROR}),
    "6.7 PING of six bytes": ([raw_frame(6, 0, 0, bytes(6))], {FRAME_SIZE_ERROR}),
    "6.8 GOAWAY on a stream": ([raw_frame(7, 0, 1, bytes(8))], {PROTOCOL_ERROR}),
    "6.9 WINDOW_UPDATE by 0": ([window_update(0, 0)], {PROTOCOL_ERROR}),
    "6.9 WINDOW_UPDATE of three bytes": ([raw_frame(8, 0, 0, bytes(3))], {FRAME_SIZE_ERROR}),
    "6.9.1 a window beyond 2^31 - 1": ([window_update(0, 0x7FFFFFFF)], {FLOW_CONTROL_ERROR}),
    "6.10 CONTINUATION after END_HEADERS": ([headers(1, end=False), continuation(1, BLOCK)], {PROTOCOL_ERROR}),
    "6.10 CONTINUATION on stream 0": (
        [headers(1, block=BLOCK, flags=1), continuation(0, b"")],
        {PROTOCOL_ERROR},
    ),
}


@pytest.mark.parametrize("sent, codes", CONNECTION_ERRORS.values(), ids=CONNECTION_ERRORS)
def test_a_breach_ends_the_connection(peer, sent, codes):
    peer.send(*sent)
    assert peer.ended_with() in codes


def complete(name, value):
    return request_fields(more=[(name, value)])


# What costs its stream: the fields of a request that is malformed.
MALFORMED = {
    "8.2 an upper-case name": complete("X-Test", "1"),
    "8.2.1 a space in a name": complete("x test", "1"),
    "8.2.1 NUL in a value": complete("x-test", b"a\0b"),
    "8.2.1 LF in a value": complete("x-test", b"a\nb"),
    "8.2.1 a space before a value": complete("x-test", " a"),
    "8.2.2 connection": complete("connection", "keep-alive"),
    "8.2.2 transfer-encoding": complete("transfer-encoding", "chunked"),
    "8.2.2 te other than trailers": complete("te", "gzip"),
    "8.3 an unknown pseudo-header field": complete(":test", "1"),
    "8.3 :status in a request": complete(":status", "200"),
    "8.3 pseudo after regular": [("x-test", "1"), *request_fields()],
    "8.3.1 no :method": request_fields()[1:],
    "8.3.1 no :scheme": [field for field in request_fields() if field[0] != ":scheme"],
    "8.3.1 no :path": [field for field in request_fields() if field[0] != ":path"],
    "8.3.1 an empty :path": request_fields(path=""),
    "8.3.1 :method twice": [*request_fields(), (":method", "GET")],
    "8.3.1 :path twice": [*request_fields(), (":path", "/")],
}


@pytest.mark.parametrize("fields", MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_request_costs_its_stream(peer, fields):
    peer.send(headers(1, fields=fields))
    assert peer.response(1).reset == PROTOCOL_ERROR
    assert peer.answers_ping()


# What costs its stream: frames on an open stream 1, and the codes that RST_STREAM may carry.
STREAM_ERRORS = {
    "5.1 DATA after END_STREAM": ([headers(1, "/hold"), data(1, b"x")], {STREAM_CLOSED}),
    "5.1 HEADERS after END_STREAM": ([headers(1, "/hold"), headers(1, "/hold")], {STREAM_CLOSED, PROTOCOL_ERROR}),
    "5.3.1 a stream that depends on itself": (
        [headers(1, "/hold"), raw_frame(2, 0, 1, struct.pack(">IB", 1, 15))],
        {PROTOCOL_ERROR},
    ),
    "6.3 PRIORITY of four bytes": ([headers(1, "/hold"), raw_frame(2, 0, 1, bytes(4))], {FRAME_SIZE_ERROR}),
    "6.9 WINDOW_UPDATE by 0": ([headers(1, "/hold"), window_update(1, 0)], {PROTOCOL_ERROR}),
    "6.9.1 a window beyond 2^31 - 1": ([headers(1, "/hold"), window_update(1, 0x7FFFFFFF)], {FLOW_CONTROL_ERROR}),
    "8.1 trailers without END_STREAM": (
        [headers(1, "/hold", end=False), headers(1, fields=[("x-end", "1")], end=False)],
        {PROTOCOL_ERROR},
    ),
    "8.1 trailers with a pseudo-header field": (
        [headers(1, "/hold", end=False), headers(1, fields=[(":method", "GET")])],
        {PROTOCOL_ERROR},
    ),
    "8.1.1 more than content-length": (
        [headers(1, "/hold", more=[("content-length", "1")], end=False), data(1, b"xx")],
        {PROTOCOL_ERROR},
    ),
    "8.1.1 less than content-length": (
        [headers(1, "/hold", more=[("content-length", "3")], end=False), data(1, b"x", end=False), data(1, b"x")],
        {PROTOCOL_ERROR},
    ),
}


@pytest.mark.parametrize("sent, codes", STREAM_ERRORS.values(), ids=STREAM_ERRORS)
def test_a_fault_costs_its_stream(echo, sent, codes):
    with echo.connect() as peer:
        peer.send(*sent)
        assert peer.response(1).reset in codes
        assert peer.answers_ping()


# What is allowed, or to be ignored.
ALLOWED = {
    "4.1 an unknown frame type": [raw_frame(0xBE, 0xFF, 0, b"anything"), raw_frame(0x16, 0, 1, b"")],
    "4.1 reserved bits": [raw_frame(6, 0xFE, 0x80000000, bytes(8))],
    "5.1 PRIORITY on an idle stream": [raw_frame(2, 0, 99, struct.pack(">IB", 0, 1))],
    "6.5.2 unknown settings": [settings((0xFF00, 1), (3, 0), (6, 0), (2, 1), (2, 0))],
    "6.7 PING with an acknowledgement": [ping(flags=1)],
}


@pytest.mark.parametrize("sent", ALLOWED.values(), ids=ALLOWED)
def test_advice_and_the_unknown_cost_nothing(peer, sent):
    peer.send(*sent)
    assert peer.answers_ping()
    peer.send(headers(101))
    assert peer.response(101).ended


# Section 3.4: the preface.


def test_the_server_sends_its_settings_first(raw):
    raw.send(PREFACE + settings())
    first = raw.read()
    assert isinstance(first, frames.SettingsFrame) and "ACK" not in first.flags
    assert raw.settings[frames.SettingsFrame.MAX_CONCURRENT_STREAMS] >= 100


@pytest.mark.parametrize("first", [headers(1), ping(), SETTINGS_ACK, data(1, b"")], ids=str)
def test_the_client_has_to_send_its_settings_first(raw, first):
    raw.send(PREFACE + first)
    assert raw.ended_with() == PROTOCOL_ERROR


def test_a_wrong_preface_ends_the_connection(raw):
    raw.send(b"\0" * 24)
    assert raw.ended_with() in (PROTOCOL_ERROR, None)


def test_an_http_1_client_is_told_what_this_port_speaks(raw):
    raw.send(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n")
    while raw._more():
        pass
    assert raw.buffer.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert b"HTTP/2" in raw.buffer


def test_requests_may_come_with_the_preface(raw):
    raw.send(PREFACE + settings() + headers(1))
    assert raw.response(1).ended


# Requests in every form.


def test_a_request_byte_by_byte(echo):
    with echo.connect(handshake=False) as peer:
        for byte in PREFACE + settings() + headers(1, "/echo", end=False) + data(1, b"slow"):
            peer.send(bytes([byte]))
        assert peer.response(1).body == b"slow"


def test_padding_priority_and_continuation(echo):
    block = header_block(request_fields("/echo"))
    with echo.connect() as peer:
        peer.send(
            raw_frame(1, 0x28, 1, b"\x07" + struct.pack(">IB", 0x80000000, 200) + block[:11] + bytes(7)),
            continuation(1, block[11:20], end=False),
            continuation(1, b"", end=False),
            continuation(1, block[20:]),
            raw_frame(0, 8, 1, b"\x03abc" + bytes(3)),
            raw_frame(0, 9, 1, b"\x00def"),
        )
        assert peer.response(1).body == b"abcdef"


def test_trailers_of_the_client(echo):
    with echo.connect() as peer:
        peer.send(headers(1, "/echo", end=False), data(1, b"body", end=False), headers(1, fields=[("x-sum", "1")]))
        assert peer.response(1).body == b"body"


def test_fields_arrive_in_order_and_unchanged(echo):
    more = [("x-a", "1"), ("x-b", ""), ("x-a", "2"), ("te", "trailers")]
    with echo.connect() as peer:
        peer.send(headers(1, "/echo-headers?q=1", more=more))
        fields = peer.response(1).blocks[0]
        assert fields[:2] == [(":status", "200"), ("x-method", "POST")]
        assert dict(fields)["x-path"] == "/echo-headers?q=1"
        assert fields[5:] == [("x-" + name, value) for name, value in more]


def test_the_dynamic_table_is_shared_by_all_blocks(echo):
    import hpack

    encoder = hpack.Encoder()
    with echo.connect() as peer:
        for round_number in range(200):
            stream = 2 * round_number + 1
            more = [("x-same", "always"), (f"x-{round_number % 30}", "v" * (round_number % 50)), ("te", "trailers")]
            if round_number == 100:
                encoder.header_table_size = 300
            block = encoder.encode(request_fields("/echo-headers", more=more), huffman=round_number % 2 == 0)
            peer.send(headers(stream, block=block))
            fields = peer.response(stream).blocks[0]
            assert fields[5:] == [("x-" + name, value) for name, value in more]


def test_a_peer_without_a_table_gets_literals(echo):
    with echo.connect(initial=[(1, 0)]) as peer:
        peer.decoder.max_allowed_table_size = 0
        for stream in range(1, 20, 2):
            peer.send(headers(stream, "/canned"))
            assert peer.response(stream).fields["grpc-status"] == "0"


def test_an_early_answer_is_followed_by_a_reset_without_error(echo):
    with echo.connect() as peer:
        peer.send(headers(1, "/early", end=False))
        assert peer.response(1).status == "200"
        reset_frame = peer.expect(lambda frame: isinstance(frame, frames.RstStreamFrame))
        assert reset_frame.error_code == NO_ERROR
        peer.send(data(1, b"too late", end=False), data(1, b""))
        assert peer.answers_ping()


def test_a_body_above_the_limit_is_refused(start_echo):
    with start_echo("--max-body", 1000).connect() as peer:
        peer.send(headers(1, "/echo", end=False), data(1, bytes(1001), end=False))
        assert peer.response(1).status == "413"
        peer.send(headers(3, "/echo", end=False), data(3, bytes(1000)))
        assert peer.response(3).body == bytes(1000)


# Section 5.1.2: concurrency.


def test_streams_beyond_the_limit_are_refused(start_echo):
    with start_echo("--max-streams", 3).connect() as peer:
        assert peer.settings[frames.SettingsFrame.MAX_CONCURRENT_STREAMS] == 3
        peer.send(*[headers(stream, "/hold") for stream in (1, 3, 5, 7)])
        assert peer.response(7).reset == REFUSED_STREAM
        peer.send(reset(3), headers(9, "/canned"))
        assert peer.response(9).status == "200"


# Section 5.4, 6.8: ends.


def test_goaway_names_the_last_stream(peer):
    peer.send(headers(1), headers(7))
    peer.response(1)
    peer.response(7)
    peer.send(ping(b"short"))
    assert peer.ended_with() == FRAME_SIZE_ERROR
    assert peer.goaway.last_stream_id == 7


def test_a_clients_goaway_lets_its_requests_finish(echo):
    with echo.connect() as peer:
        peer.send(headers(1, "/later/200"), raw_frame(7, 0, 0, bytes(8)))
        assert peer.response(1).status == "200"
        assert peer.ended_with() == NO_ERROR


def test_late_frames_on_streams_that_ended_are_no_fault_of_the_connection(echo):
    with echo.connect() as peer:
        peer.send(headers(1, "/reset/8", end=False))
        assert peer.response(1).reset == 8
        peer.send(data(1, b"late"), window_update(1, 5), reset(1))
        assert peer.answers_ping()
        peer.send(headers(3, "/canned"))
        assert peer.response(3).ended
        peer.send(window_update(3, 5), reset(3), raw_frame(2, 0, 3, bytes(5)))
        assert peer.answers_ping()
        peer.send(headers(3, "/canned"))
        assert peer.ended_with() == STREAM_CLOSED


def test_a_header_list_beyond_the_limit_costs_its_stream(peer):
    fields = request_fields(more=[(f"x-{number}", "v" * 100) for number in range(300)])
    block = header_block(fields)
    pieces = [block[start : start + 16000] for start in range(0, len(block), 16000)]
    middle = [continuation(1, piece, end=False) for piece in pieces[1:-1]]
    peer.send(headers(1, block=pieces[0], flags=1), *middle, continuation(1, pieces[-1]))
    assert peer.response(1).reset == ENHANCE_YOUR_CALM
    assert peer.answers_ping()
