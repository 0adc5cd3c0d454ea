"""Wrong deliveries as they cross the bus: what is written is read again, anything else is refused."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.misdelivery import MOST, PEOPLE, Kind, Why, Wrong, read, write

HEX = "0123456789abcdef" * 2
ONE = Wrong(HEX, Kind.MESSAGE, Why.PARTY, 1_780_000_000.5, (HEX[::-1],))
DIGESTS = st.text("0123456789abcdef", min_size=32, max_size=32)
WRONG = st.builds(
    Wrong,
    DIGESTS,
    st.sampled_from(Kind),
    st.sampled_from(Why),
    st.floats(0, 4e9),
    st.lists(DIGESTS, max_size=PEOPLE).map(tuple),
)


@given(st.lists(WRONG, min_size=1, max_size=5))
def test_what_is_written_is_read_again(events: list[Wrong]) -> None:
    assert read(write("my.bot_1", events)) == ("my.bot_1", events)


def changed(**event: object) -> bytes:
    return orjson.dumps(
        {"webhook": "bot", "events": [{**orjson.loads(write("bot", [ONE]))["events"][0], **event}]}
    )


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{}",
        b'{"webhook": "bot", "events": []}',
        b'{"webhook": "bot", "events": [1]}',
        write("Bot\n", [ONE]),
        write("bot", [ONE] * (MOST + 1)),
        changed(kind="letter"),
        changed(why="who knows"),
        changed(event="the text of a message"),
        changed(people=["1001"]),
        changed(people=[HEX] * (PEOPLE + 1)),
        changed(people="x"),
        changed(at="now"),
    ],
)
def test_anything_else_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        read(content)
