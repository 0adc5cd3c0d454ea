import contextlib
import hashlib
from dataclasses import fields, replace

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledgers import NOON, blind, chained, poll, push
from monitor.contracts import CoverageEvent, Gap
from monitor.coverage.chain import GENESIS, Entry, Head, LedgerBroken, canonical, digest_of, link, walk

EVENTS = [poll(NOON, None, push()), poll(NOON + 60), blind(NOON + 120, NOON + 200), poll(NOON + 200)]


def ends(entries):
    return [head for _, head in walk(entries, Head())]


def test_a_hash_is_of_the_one_before_and_the_body():
    first, second = chained(EVENTS)[:2]
    body = hashlib.sha256(second.body.encode()).digest()
    assert second.hash == hashlib.sha256(b"leakstream coverage entry 1\0" + first.hash + body).digest()
    assert (first.prev, second.prev) == (GENESIS, first.hash)
    assert link(first.hash, digest_of(second.body)) == second.hash


def test_a_body_is_canonical_and_holds_the_items_digest_in_their_place():
    entry = chained(EVENTS)[0]
    body = orjson.loads(entry.body)
    assert canonical(body).decode() == entry.body
    assert body["event"]["items"] == hashlib.sha256(EVENTS[0]["items"].encode()).hexdigest()
    assert (body["seq"], body["at"]) == (1, NOON)
    assert "lost" not in body["event"], "what is as a field's default takes no room"


texts = st.text(max_size=8)
counts = st.integers(0, 2**40)
times = st.floats(0, 4e9)
coverage = st.builds(
    CoverageEvent,
    source=texts,
    since=times,
    until=times,
    expected=st.none() | counts,
    listed=counts,
    fetched=counts,
    skipped=st.dictionaries(texts, counts, max_size=3),
    lost=counts,
    blind=texts,
    overlap=st.none() | counts,
    gaps=st.lists(st.builds(Gap, counts, counts, counts), max_size=2).map(tuple),
    feed=texts,
    oldest=st.none() | times,
    newest=st.none() | times,
    full=st.booleans(),
    scanned=counts,
    repairs=texts,
    items=st.just("") | st.just("QUJD"),
)


@given(event=coverage)
def test_what_is_written_is_read(event):
    raw = orjson.loads(event.message().value)
    entry = Entry.make(1, NOON, GENESIS, raw)
    assert entry.told().event == event
    assert replace(entry, items="").told().event == replace(event, items="")
    assert entry.told().had_items is bool(event.items)
    assert {f.name for f in fields(CoverageEvent)} >= orjson.loads(entry.body)["event"].keys()


@settings(max_examples=60)
@given(count=st.integers(1, 12), data=st.data())
def test_no_byte_of_an_entry_can_be_changed(count, data):
    entries = chained(EVENTS[n % 4] for n in range(count))
    whole = ends(entries)[-1]
    number = data.draw(st.integers(0, count - 1))
    entry = entries[number]
    part = data.draw(st.sampled_from(["body", "prev", *(["items"] if entry.items else [])]))
    value = bytearray(getattr(entry, part) if part == "prev" else getattr(entry, part).encode())
    value[data.draw(st.integers(0, len(value) - 1))] ^= data.draw(st.integers(1, 127))
    changed = bytes(value) if part == "prev" else value.decode("utf-8", "replace")
    entries[number] = replace(entry, **{part: changed})
    with contextlib.suppress(LedgerBroken):
        assert ends(entries)[-1] != whole


@pytest.mark.parametrize("number", range(3))
def test_an_entry_that_is_missing_or_moved_is_noticed(number):
    entries = chained(EVENTS)
    with pytest.raises(LedgerBroken, match=f"entry {number + 1} is missing: the next one is {number + 2}"):
        ends(entries[:number] + entries[number + 1 :])
    entries[number], entries[number + 1] = entries[number + 1], entries[number]
    with pytest.raises(LedgerBroken, match="is missing"):
        ends(entries)


def test_an_entry_that_was_written_anew_breaks_the_next_one():
    entries = chained(EVENTS)
    entries[1] = Entry.make(2, NOON + 1, entries[0].hash, poll(NOON + 60, fetched=12))
    with pytest.raises(LedgerBroken, match="entry 3 does not continue entry 2"):
        ends(entries)


def test_times_never_go_back():
    first = Entry.make(1, NOON, GENESIS, EVENTS[0])
    with pytest.raises(LedgerBroken, match="entry 2 bears an earlier time"):
        ends([first, Entry.make(2, NOON - 1, first.hash, EVENTS[1])])


def test_other_items_are_noticed_and_dropped_ones_are_not():
    entry = chained(EVENTS)[0]
    assert replace(entry, items="").told().had_items
    with pytest.raises(LedgerBroken, match="entry 1: its items are not those"):
        replace(entry, items="QUJD").told()
    with pytest.raises(LedgerBroken, match="items are not those"):
        replace(chained(EVENTS)[1], items="QUJD").told()


@pytest.mark.parametrize(
    "body", ["", "[]", "{}", '{"seq":1,"at":1,"event":{}}', '{"seq":1,"at":1,"event":[1]}']
)
def test_what_is_no_entry_is_said_to_be_none(body):
    with pytest.raises(LedgerBroken, match="cannot be read"):
        Entry(body, GENESIS).told()
