"""The frames between the matcher and its scanning process."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.matcher import frames


@given(st.lists(st.tuples(st.binary(max_size=50), st.binary(max_size=200)), max_size=10))
def test_jobs_round_trip(pairs):
    raw = b"".join(frames.job([frames.JobItem(*pair) for pair in pairs]))
    assert frames.length(raw[:4]) == len(raw) - 4
    assert frames.read_job(raw[4:]) == pairs


@given(
    st.lists(st.tuples(st.integers(0, 200), st.binary(max_size=16), st.binary(max_size=100)), max_size=10),
    st.lists(st.tuples(st.integers(0, 200), st.text(max_size=9)), max_size=3),
)
def test_answers_round_trip(events, refused):
    raw = frames.answer(frames.Answer(events, {"bytes": 3}, refused))
    assert frames.length(raw[:4]) == len(raw) - 4
    assert frames.read_answer(raw[4:]) == (events, {"bytes": 3}, refused)


@given(st.binary(max_size=100))
def test_rubbish_is_a_frame_error(raw):
    for read in (frames.read_job, frames.read_answer):
        with contextlib.suppress(frames.FrameError):
            read(raw)


def test_a_giant_frame_is_refused_before_it_is_read():
    with pytest.raises(frames.FrameError):
        frames.length(b"\xff\xff\xff\xff")
