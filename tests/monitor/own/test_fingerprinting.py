"""From secrets to entries: under the current key, with the selectors that are wanted, what is refused by name and reason."""

from __future__ import annotations

import random

from monitor.identity import KeyRing
from monitor.own import values
from monitor.own.fingerprinting import fingerprint, merged
from monitor.own.ownfile import LONGEST_NAME
from monitor.own.reading import NamedSecret
from owning import secret

RNG = random.Random(3)
VALUES = [secret(RNG) for _ in range(5)]
OLD, NEW = b"o" * 32, b"n" * 32


def named(*some: bytes) -> list[NamedSecret]:
    return [NamedSecret(f"key-{n}", value, f"value-{n}") for n, value in enumerate(some)]


def test_each_has_an_entry_under_the_current_key() -> None:
    ring = KeyRing.of(NEW, OLD)
    entries = fingerprint(named(*VALUES), ring).entries
    assert {entry.key_id for entry in entries} == {ring.current_id}
    assert [entry.name for entry in entries] == [f"key-{n}" for n in range(5)]
    assert [entry.digest for entry in entries] == [
        values.digest(ring.own_keys()[ring.current_id], v) for v in VALUES
    ]
    assert all(entry.selector is None for entry in entries)


def test_names_by_position_with_a_prefix_and_never_longer_than_a_page_bears() -> None:
    ring = KeyRing.of(NEW)
    told = fingerprint(named(*VALUES), ring, by_position=True, prefix="prod:").entries
    assert [entry.name for entry in told][:2] == ["prod:value-0", "prod:value-1"]
    (long,) = fingerprint([NamedSecret("n" * 5000, VALUES[0], "p")], ring).entries
    assert len(long.name) == LONGEST_NAME


def test_what_is_refused_is_told_by_name_and_reason() -> None:
    bad = [
        NamedSecret("a", b"x", "1"),
        NamedSecret("b", b"changeme", "2"),
        NamedSecret(VALUES[0].decode(), VALUES[0], "3"),
    ]
    outcome = fingerprint([*bad, *named(VALUES[1])], KeyRing.of(NEW))
    assert [name for name, _ in outcome.refused] == ["a", "b", "3"]
    assert [reason for _, reason in outcome.refused][::2] == ["short", "in_its_name"]
    assert len(outcome.entries) == 1


def test_selectors_where_they_are_wanted_needed_and_possible() -> None:
    short = secret(random.Random(5), 14)
    outcome = fingerprint(
        named(VALUES[0], VALUES[1], short),
        KeyRing.of(NEW),
        selectors=True,
        known=lambda value: value == VALUES[1],
    )
    assert [entry.selector is not None for entry in outcome.entries] == [True, False, False]
    assert outcome.without_selector == {"selector_needless": 1, "selector_reveals": 1}


def test_a_file_keeps_what_it_has_and_follows_a_rotated_key() -> None:
    before, after = KeyRing.of(OLD), KeyRing.of(NEW, OLD)
    there = fingerprint(named(*VALUES), before).entries
    again = fingerprint(named(*VALUES[:3]), after)
    entries = merged(there, again)
    assert sorted(entry.key_id for entry in entries) == sorted(
        [after.current_id] * 3 + [before.current_id] * 2
    )
    assert {entry.name for entry in entries} == {f"key-{n}" for n in range(5)}


def test_the_same_again_changes_nothing_and_one_with_a_selector_replaces_one_without() -> None:
    ring = KeyRing.of(NEW)
    plain, shown = fingerprint(named(*VALUES), ring), fingerprint(named(*VALUES), ring, selectors=True)
    assert set(merged(plain.entries, plain)) == set(plain.entries)
    assert set(merged(plain.entries, shown)) == set(shown.entries)
    other = fingerprint([NamedSecret("other name", VALUES[0], "")], ring)
    assert len(merged(plain.entries, other)) == 6
