from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.collectors.hackernews.item import parse

RECORDED = Path(__file__).parents[5] / "shared" / "payloads" / "hackernews"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def test_a_story_is_title_address_and_text() -> None:
    raw = {
        "id": 7, "type": "story", "by": "someone", "time": 1780000000, "title": "Ask HN: a &amp; b",
        "url": "https://x.invalid/?k=1&l=2", "text": "one<p>two &lt;3", "kids": [8], "new": {"field": 1},
    }  # fmt: skip
    item = parse(raw, 7)
    assert item is not None
    assert item.content == b"Ask HN: a & b\nhttps://x.invalid/?k=1&l=2\none\ntwo <3"
    assert (item.id, item.author, item.at, item.title, item.state) == (
        7,
        "someone",
        1780000000.0,
        "Ask HN: a & b",
        "",
    )


@pytest.mark.parametrize("kind", ["comment", "job", "poll", "pollopt", "something new", None])
def test_every_kind_with_a_text_is_read(kind: str | None) -> None:
    item = parse({"id": 7, "type": kind, "text": "x"}, 7)
    assert item is not None
    assert (item.content, item.state) == (b"x", "")


@pytest.mark.parametrize(
    ("fields", "state"),
    [
        ({"deleted": True, "type": "comment"}, "deleted"),
        ({"dead": True, "type": "story"}, "dead"),
        ({"type": "story", "title": "", "text": " \n"}, "empty"),
        ({"text": None, "title": ["x"], "url": {}}, "empty"),
    ],
)
def test_without_a_text_it_says_why(fields: dict[str, Any], state: str) -> None:
    item = parse({"id": 7, **fields}, 7)
    assert item is not None
    assert (item.content, item.state) == (b"", state)


def test_what_is_dead_and_has_a_text_can_still_be_read_by_everybody() -> None:
    item = parse({"id": 7, "dead": True, "text": "flagged"}, 7)
    assert item is not None
    assert (item.content, item.state) == (b"flagged", "")


def test_a_revision_changes_with_the_text_alone() -> None:
    first, scored, edited = (
        parse({"id": 7, **fields}, 7)
        for fields in ({"text": "a"}, {"text": "a", "score": 9, "kids": [1]}, {"text": "b"})
    )
    other = parse({"id": 8, "text": "a"}, 8)
    assert first is not None
    assert scored is not None
    assert edited is not None
    assert other is not None
    assert (first.revision, first.key) == (scored.revision, scored.key)
    assert first.revision != edited.revision
    assert len({first.key, edited.key, other.key}) == 3
    assert len(first.key) == 16


@pytest.mark.parametrize("raw", [None, [], "x", 7, {}, {"id": 8}, {"id": None}, {"id": [7]}])
def test_what_is_no_such_item(raw: object) -> None:
    assert parse(raw, 7) is None


@pytest.mark.parametrize("time", [None, "x", -1, 0, 10**12, 1.5, [1]])
def test_a_strange_time_is_no_time(time: object) -> None:
    item = parse({"id": 7, "text": "x", "time": time}, 7)
    assert item is not None
    assert item.at is None


@pytest.mark.skipif(not RECORDED.is_dir(), reason="the recorded payloads are not here")
def test_recorded_items_are_read() -> None:
    read = 0
    for path in sorted(RECORDED.glob("item-*.json")):
        raw = orjson.loads(path.read_bytes())
        item = parse(raw, raw["id"])
        assert item is not None, path.name
        assert item.content, path.name
        assert not item.state, path.name
        assert item.at == raw["time"], path.name
        assert item.author == raw["by"], path.name
        assert b"<p>" not in item.content, path.name
        read += 1
    assert read >= 5


@settings(max_examples=200)
@given(
    st.dictionaries(
        st.sampled_from(["id", "by", "time", "title", "text", "url", "deleted", "dead", "type"]), JSON
    )
    | JSON
)
def test_nothing_upsets_the_parser(raw: Any) -> None:
    item = parse(raw, 7)
    assert item is None or (len(item.key) == 16 and bool(item.content) != bool(item.state))
