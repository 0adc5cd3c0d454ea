"""The frames between the matcher and its scanning process."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.matcher import frames


def parted(raw):
    """The frames of a stream."""
    found = []
    while raw:
        size = frames.length(raw[:4])
        found.append(raw[4 : 4 + size])
        raw = raw[4 + size :]
    return found


@given(st.lists(st.tuples(st.binary(max_size=50), st.binary(max_size=200)), min_size=1, max_size=10))
def test_jobs_round_trip(pairs):
    about, contents = parted(b"".join(frames.job([frames.JobItem(*pair) for pair in pairs])))
    job = frames.read_job(about, contents)
    assert [(meta, job.content(number)) for number, meta in enumerate(job.metas)] == pairs


def test_contents_can_be_scanned_where_they_lie():
    """A scanner wants a line's end between two documents."""
    job = frames.read_job(
        *parted(b"".join(frames.job([frames.JobItem(b"{}", b"a"), frames.JobItem(b"{}", b"b")])))
    )
    assert b"\n" in job.contents[job.ends[0] : job.starts[1]]


@given(
    st.lists(st.tuples(st.integers(0, 200), st.binary(max_size=16), st.binary(max_size=100)), max_size=10),
    st.lists(st.tuples(st.integers(0, 200), st.text(max_size=9)), max_size=3),
    st.lists(st.tuples(st.integers(0, 200), st.binary(max_size=16), st.binary(max_size=100)), max_size=3),
)
def test_answers_round_trip(events, refused, sightings):
    raw = frames.answer(frames.Answer(events, {"bytes": 3}, refused, sightings))
    assert frames.length(raw[:4]) == len(raw) - 4
    assert frames.read_answer(raw[4:]) == (events, {"bytes": 3}, refused, sightings)


@given(st.binary(max_size=100), st.binary(max_size=20))
def test_rubbish_is_a_frame_error(raw, contents):
    with contextlib.suppress(frames.FrameError):
        frames.read_answer(raw)
    with contextlib.suppress(frames.FrameError):
        frames.read_job(raw, contents)


@pytest.mark.parametrize("contents", [b"", b"abc", b"abc\n", b"abc\n\n\n"])
def test_contents_of_another_length_than_was_said_are_a_frame_error(contents):
    about, whole = parted(b"".join(frames.job([frames.JobItem(b"{}", b"abc")])))
    assert whole == b"abc\n\n"
    with pytest.raises(frames.FrameError):
        frames.read_job(about, contents)


def test_a_giant_frame_is_refused_before_it_is_read():
    with pytest.raises(frames.FrameError):
        frames.length(b"\xff\xff\xff\xff")
