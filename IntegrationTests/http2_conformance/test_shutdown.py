"""RFC 9113, section 6.8: a graceful end loses no request."""

import signal

from hyperframe import frame as frames

from peer import NO_ERROR, headers, ping


def is_goaway(frame):
    return isinstance(frame, frames.GoAwayFrame)


def test_requests_in_flight_finish(start_echo):
    server = start_echo()
    with server.connect() as peer:
        peer.send(headers(1, "/later/500"))
        assert peer.answers_ping()
        server.process.send_signal(signal.SIGTERM)
        assert peer.expect(is_goaway).last_stream_id == 0x7FFFFFFF
        drain_ping = peer.expect(lambda frame: isinstance(frame, frames.PingFrame))
        # Sent before the client has seen the end coming.
        peer.send(headers(3, "/later/200"))
        peer.send(ping(drain_ping.opaque_data, flags=1))
        assert peer.expect(is_goaway).last_stream_id == 3
        assert peer.response(1).status == "200"
        assert peer.response(3).status == "200"
        assert peer.ended_with() == NO_ERROR
    assert server.process.wait(timeout=20) == 0


def test_idle_connections_close(start_echo):
    server = start_echo()
    with server.connect() as peer, server.connect(handshake=False) as silent:
        server.process.send_signal(signal.SIGTERM)
        drain_ping = peer.expect(lambda frame: isinstance(frame, frames.PingFrame))
        peer.send(ping(drain_ping.opaque_data, flags=1))
        assert peer.ended_with() == NO_ERROR
        assert silent.read() is None
    assert server.process.wait(timeout=20) == 0


def test_a_client_that_ignores_it_does_not_hold_it_up(start_echo):
    server = start_echo()
    with server.connect() as peer:
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(timeout=20) == 0
        assert peer.ended_with() == NO_ERROR


def test_idle_connections_end_by_themselves_when_so_configured(start_echo):
    with start_echo("--idle-seconds", 1).connect() as peer:
        assert peer.ended_with() == NO_ERROR
