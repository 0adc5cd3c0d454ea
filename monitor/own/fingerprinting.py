"""Secrets in, entries of a file of own secrets out. What cannot be watched is counted with its reason; no value leaves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from monitor.identity import KeyRing
from monitor.own import values
from monitor.own.ownfile import LONGEST_NAME, Entry
from monitor.own.reading import NamedSecret
from monitor.own.selectors import Selector, selector_of

Known = Callable[[bytes], bool]


@dataclass(slots=True)
class Outcome:
    """`entries` are under the current key; `older` are the same secrets' hashes under the ring's other keys, with their names: what a file has
    of them is not needed any more. `refused` are secrets by name, with the reason (values.REFUSALS); `without_selector` those that were
    taken without the selector that was asked for (selectors.REFUSALS).
    """

    entries: list[Entry] = field(default_factory=list)
    older: set[tuple[str, bytes, str]] = field(default_factory=set)
    refused: list[tuple[str, str]] = field(default_factory=list)
    without_selector: Counter[str] = field(default_factory=Counter)


def fingerprint(
    secrets: Iterable[NamedSecret],
    keys: KeyRing,
    *,
    selectors: bool = False,
    known: Known = lambda _: False,
    by_position: bool = False,
    prefix: str = "",
) -> Outcome:
    """`known` says whether a rule finds the value wherever it stands: then it needs no selector. `by_position`: names say where a secret stood
    and nothing else. `prefix` comes in front of each name.
    """
    outcome = Outcome()
    current, *others = keys.own_keys().items()
    for secret in secrets:
        name = (prefix + ((not by_position and secret.name) or secret.position))[:LONGEST_NAME]
        if reason := values.refusal(name, secret.value):
            outcome.refused.append((prefix + secret.position if reason == "in_its_name" else name, reason))
            continue
        selector: Selector | None = None
        if selectors:
            chosen = "selector_needless" if known(secret.value.strip()) else selector_of(secret.value)
            if isinstance(chosen, str):
                outcome.without_selector[chosen] += 1
            else:
                selector = chosen
        key_id, key = current
        outcome.entries.append(Entry(key_id, values.digest(key, secret.value), name, selector))
        outcome.older.update((other, values.digest(key, secret.value), name) for other, key in others)
    return outcome


def merged(old: Iterable[Entry], new: Outcome) -> list[Entry]:
    """The entries of a file with the new ones: what is there under the same key, hash and name gives way, and so does what was hashed under an
    older key.
    """
    kept = {entry[:3]: entry for entry in old if entry[:3] not in new.older}
    kept.update((entry[:3], entry) for entry in new.entries)
    return list(kept.values())
