"""RFC 9113, sections 5.2 and 6.9."""

from hyperframe import frame as frames

from peer import FLOW_CONTROL_ERROR, data, headers, ping, reset, settings, window_update


def is_data(frame):
    return isinstance(frame, frames.DataFrame)


def test_the_servers_windows_are_opened_wide(peer):
    peer.answers_ping()
    assert peer.settings[frames.SettingsFrame.INITIAL_WINDOW_SIZE] >= 1 << 20


def test_no_byte_beyond_the_connections_window(echo):
    with echo.connect(initial=[(4, 1 << 20)]) as peer:
        peer.send(headers(1, "/bytes/100000"))
        while len(peer.responses[1].body if 1 in peer.responses else b"") < 65535:
            peer.read()
        assert peer.answers_ping()
        assert len(peer.responses[1].body) == 65535
        peer.send(window_update(0, 1))
        assert peer.expect(is_data).data == b"a"
        peer.send(window_update(0, 1 << 20))
        assert len(peer.response(1).body) == 100000


def test_no_byte_beyond_the_streams_window(echo):
    with echo.connect(initial=[(4, 1)]) as peer:
        peer.send(headers(1, "/bytes/5"))
        for _ in range(5):
            assert len(peer.expect(is_data).data) == 1
            assert peer.answers_ping()
            peer.send(window_update(1, 1))
        assert peer.response(1).ended


def test_settings_change_the_windows_of_open_streams(echo):
    with echo.connect(initial=[(4, 0)]) as peer:
        peer.send(headers(1, "/bytes/10"), headers(3, "/bytes/10"))
        assert peer.answers_ping()
        assert peer.responses[1].body == peer.responses[3].body == b""
        peer.send(settings((4, 3)))
        assert {peer.expect(is_data).stream_id, peer.expect(is_data).stream_id} == {1, 3}
        peer.send(settings((4, 1)), window_update(1, 2))
        assert peer.answers_ping()
        assert len(peer.responses[1].body) == 3, "the window was at minus two"
        peer.send(window_update(1, 1))
        assert peer.expect(is_data).stream_id == 1
        peer.send(settings((4, 100)))
        assert peer.response(1).ended and peer.response(3).ended


def test_a_large_answer_leaves_room_for_small_ones(echo):
    with echo.connect(initial=[(4, 1 << 30)]) as peer:
        peer.send(window_update(0, 1 << 30))
        peer.send(headers(1, "/bytes/20000000"))
        peer.expect(is_data)
        peer.send(headers(3, "/bytes/100"))
        peer.response(3)
        assert not peer.responses[1].ended, "the small answer came first"
        assert len(peer.response(1).body) == 20000000


def test_streams_take_turns(echo):
    with echo.connect(initial=[(4, 1 << 20)]) as peer:
        peer.send(*[headers(stream, "/bytes/200000") for stream in (1, 3, 5)])
        while sum(len(response.body) for response in peer.responses.values()) < 65535:
            peer.read()
        peer.send(window_update(0, 1 << 20))
        order = [peer.expect(is_data).stream_id for _ in range(9)]
        assert all(set(order[start : start + 3]) == {1, 3, 5} for start in range(0, 9, 3))


def test_frames_are_no_larger_than_the_client_takes(echo):
    with echo.connect(initial=[(4, 1 << 20), (5, 20000)]) as peer:
        peer.send(window_update(0, 1 << 20), headers(1, "/bytes/200000"))
        sizes = []
        while sum(sizes) < 200000:
            sizes.append(len(peer.expect(is_data).data))
        assert max(sizes) == 20000


def test_a_body_larger_than_all_windows_arrives(echo):
    body = bytes(range(256)) * (20 << 12)
    with echo.connect() as peer:
        windows = {0: 16 << 20, 1: peer.settings[frames.SettingsFrame.INITIAL_WINDOW_SIZE]}
        peer.send(headers(1, "/early-not", end=False))
        sent = 0
        while sent < len(body):
            size = min(16384, len(body) - sent, *windows.values())
            if size == 0:
                frame = peer.expect(lambda frame: isinstance(frame, frames.WindowUpdateFrame))
                windows[frame.stream_id] += frame.window_increment
                continue
            peer.send(data(1, body[sent : sent + size], end=sent + size == len(body)))
            sent += size
            windows = {stream: window - size for stream, window in windows.items()}
        assert peer.response(1).status == "200"


def test_a_stream_that_exceeds_its_window_is_reset(echo):
    with echo.connect() as peer:
        window = peer.settings[frames.SettingsFrame.INITIAL_WINDOW_SIZE]
        limit = peer.settings[frames.SettingsFrame.MAX_FRAME_SIZE]
        peer.send(headers(1, "/hold", end=False))
        # More than the window without waiting for updates: some are under way, so that it takes twice as much.
        try:
            for _ in range(2 * window // limit + 2):
                peer.send(data(1, bytes(limit), end=False))
        except OSError:
            pass
        # Updates that came in time keep the stream alive; the connection's own limit ends it otherwise.
        peer.send_unless_closed(reset(1), ping(b"are you?"))
        while (frame := peer.read()) is not None and not isinstance(frame, frames.PingFrame):
            pass
        if frame is None:
            assert peer.goaway.error_code == FLOW_CONTROL_ERROR


def test_windows_beyond_the_limit_of_a_stream_through_settings(echo):
    with echo.connect() as peer:
        peer.send(headers(1, "/hold"), window_update(1, 0x7FFFFFFF - 65535), settings((4, 65536)))
        assert peer.ended_with() == FLOW_CONTROL_ERROR
