"""The soak (`make soak`) in its short form."""

from support.soak import Soak


def test_everything_at_once_loses_no_answer_and_nothing_grows(tmp_path):
    Soak(tmp_path, rounds=2, seconds=5).run()
