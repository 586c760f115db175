"""Waiting for a condition instead of for a time."""

import time

# Generous: a debug build on two busy cores. A test that fails waits this long, a test that passes does not.
LONG = 60.0


class NotYet(Exception):
    """Raised by a condition that cannot say yet."""


def eventually(condition, what, timeout=LONG, interval=0.02, check=None):
    """Asks `condition` until it returns something true; returns that.

    `check` is called between two questions and may raise, for example when the process that is waited for has ended.
    """
    deadline = time.monotonic() + timeout
    last = None
    while True:
        try:
            last = condition()
            if last:
                return last
        except NotYet as reason:
            last = reason
        if check is not None:
            check()
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {timeout:.0f} s for {what}; the last look gave {last!r}")
        time.sleep(interval)
