"""Attacks that cost the attacker little. Each has to end with ENHANCE_YOUR_CALM, and the server has to live on."""

import itertools
import time

import pytest

from peer import (
    ENHANCE_YOUR_CALM,
    REFUSED_STREAM,
    SETTINGS_ACK,
    Peer,
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


def streams():
    return itertools.count(1, 2)


def rapid_reset():
    for stream in streams():
        yield headers(stream, "/hold", end=False) + reset(stream)


def made_you_reset():
    for stream in streams():
        yield headers(stream, "/hold", end=False) + window_update(stream, 0)


def malformed_requests():
    for stream in streams():
        yield headers(stream, fields=[("x", "y")])


def on_one_stream(frame):
    def flood():
        yield headers(1, "/hold", end=False)
        while True:
            yield frame

    return flood


def always(frame):
    return lambda: itertools.repeat(frame)


def endless_block():
    yield headers(1, block=header_block(request_fields()), flags=0)
    while True:
        yield continuation(1, b"\0\1a\1b", end=False)


def large_block():
    yield headers(1, block=header_block(request_fields()), flags=0)
    while True:
        yield continuation(1, b"\0\1a\1b" * 3000, end=False)


FLOODS = {
    "rapid reset (CVE-2023-44487)": rapid_reset,
    "made you reset (CVE-2025-8671)": made_you_reset,
    "malformed requests": malformed_requests,
    "SETTINGS (CVE-2019-9515)": always(settings((4, 65535))),
    "SETTINGS acknowledgements": always(SETTINGS_ACK),
    "PING (CVE-2019-9512)": always(ping()),
    "PRIORITY (CVE-2019-9513)": always(raw_frame(2, 0, 1, bytes(5))),
    "unknown frames": always(raw_frame(0x55)),
    "WINDOW_UPDATE": always(window_update(0, 1)),
    "empty DATA (CVE-2019-9518)": on_one_stream(data(1, b"", end=False)),
    "padding only": on_one_stream(raw_frame(0, 8, 1, b"\1\0")),
    "CONTINUATION without end (CVE-2024-27316)": endless_block,
    "a block without end": large_block,
}


@pytest.mark.parametrize("flood", FLOODS.values(), ids=FLOODS)
def test_a_flood_ends_the_connection(echo, flood):
    with echo.connect() as peer:
        for batch in range(300):
            try:
                peer.send(*itertools.islice(flood_state(peer, flood), 100))
            except OSError:
                break
        assert peer.ended_with() == ENHANCE_YOUR_CALM
    with echo.connect() as peer:
        peer.send(headers(1, "/canned"))
        assert peer.response(1).status == "200"


def flood_state(peer, flood):
    """The flood goes on where the last batch ended."""
    if not hasattr(peer, "flood"):
        peer.flood = flood()
    return peer.flood


def test_a_header_bomb_costs_its_stream_only(echo):
    """One byte on the wire for each 4 KiB of the table (CVE-2016-6581)."""
    # A field of 4000 bytes is put in the table, its length coded as 127 + 3873, and named again and again.
    bomb = header_block(request_fields()) + b"\x40\x01x\x7f\xa1\x1e" + b"v" * 4000
    with echo.connect() as peer:
        peer.send(raw_frame(1, 5, 1, bomb + b"\xbe" * 10000))
        response = peer.response(1)
        assert response.reset is not None
        assert peer.answers_ping()


def test_a_client_that_takes_no_answers_is_let_go(start_echo):
    """Data dribble and zero windows (CVE-2019-9511, CVE-2019-9517)."""
    server = start_echo("--stall-seconds", 2)
    with server.connect(initial=[(4, 0)]) as peer:
        peer.send(*[headers(stream, "/bytes/100000") for stream in range(1, 40, 2)])
        assert peer.ended_with() == ENHANCE_YOUR_CALM


def test_a_client_that_does_not_read_does_not_fill_the_memory(start_echo):
    server = start_echo("--stall-seconds", 2)
    with server.connect(initial=[(4, 0x7FFFFFFF)]) as peer:
        peer.send(window_update(0, 0x7FFFFFFF - 65535))
        started = time.monotonic()
        stream = 1
        peer.socket.settimeout(5)
        try:
            while time.monotonic() - started < 30:
                peer.send(headers(stream, "/bytes/1000000"))
                stream += 2
        except OSError:
            pass
        assert resident_bytes(server.process.pid) < 600 << 20
        assert time.monotonic() - started < 30, "the server let go of the client"
    with server.connect() as peer:
        peer.send(headers(1, "/canned"))
        assert peer.response(1).status == "200"


def resident_bytes(pid):
    with open(f"/proc/{pid}/status") as status:
        line = next(line for line in status if line.startswith("VmRSS:"))
    return int(line.split()[1]) << 10


def test_a_client_that_says_nothing_is_let_go(start_echo):
    server = start_echo("--handshake-seconds", 1)
    with server.connect(handshake=False) as peer:
        assert peer.ended_with() is not None


def test_many_connections_at_once(echo):
    peers = [Peer(echo.address) for _ in range(200)]
    try:
        for peer in peers:
            peer.send(headers(1, "/canned"))
        assert all(peer.response(1).status == "200" for peer in peers)
    finally:
        for peer in peers:
            peer.socket.close()


def test_requests_beyond_the_streams_that_a_client_may_open(start_echo):
    with start_echo("--max-streams", 10).connect() as peer:
        peer.send(*[headers(stream, "/hold") for stream in range(1, 101, 2)])
        for stream in range(21, 101, 2):
            assert peer.response(stream).reset == REFUSED_STREAM
