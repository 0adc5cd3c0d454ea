"""`python -m benchmarks.generic`: generic secrets and credentials in URLs: what is found, and what is taken for one and is none.

Values of `generic_values` are put into the places of `generic_cases`; look-alikes and visible dummies stand beside
them. A place counts as found when a finding holds the value. Writes docs/evidence/generic.json.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from rich.console import Console

from benchmarks import evidence
from benchmarks import generic_cases as cases
from benchmarks import generic_values as values
from detectors import Scanner, load_rules
from detectors.synthetic import text_of

_HOLE: Final = "{{any:"
_PLACES: Final = 6  # a dummy is tried in

Case = tuple[str, str, str]  # group, text, the value in it


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.generic", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", action="store_true", help="print what is missed and what is falsely found")
    parser.add_argument("--dry", action="store_true", help="write no evidence")
    given = parser.parse_args(arguments)
    console = Console(soft_wrap=True, highlight=False, markup=False)
    scanner = Scanner(load_rules())
    rng = random.Random(given.seed)
    wanted = _counted(scanner, _positives(rng), console, show_missed=given.show, show_found=False)
    unwanted = _counted(scanner, _negatives(rng), console, show_missed=False, show_found=given.show)
    generic = {name: row for name, row in wanted.items() if name != "url"}
    checks = {
        "generic_recall_at_least_0.75": _share(generic) >= 0.75,
        "urls_at_least_0.97": wanted["url"]["share"] >= 0.97,
        "dummies_at_most_0.10": unwanted["dummies"]["share"] <= 0.10,
        "plain_negatives_at_most_0.01": unwanted["plain"]["share"] <= 0.01,
    }
    for name, row in (*wanted.items(), *unwanted.items()):
        console.print(f"{name:22} {row['found']:5} of {row['all']:5}  {row['share']:.3f}")
    for name, passed in checks.items():
        console.print(f"{'ok  ' if passed else 'FAIL'} {name}")
    if not given.dry:
        evidence.write("generic", {"checks": checks, "seed": given.seed, "recall": wanted, "false": unwanted})
    return 0 if all(checks.values()) else 1


def _positives(rng: random.Random) -> Iterator[Case]:
    for kind, places, makers in (
        ("password", cases.PASSWORD_PLACES, values.PASSWORDS),
        ("secret", cases.SECRET_PLACES, values.SECRETS),
    ):
        for group, texts in places.items():
            yield from ((f"{kind} {group}", *_filled(text, make(rng))) for text in texts for make in makers)
    yield from (("url", *_filled(text, make(rng))) for text in cases.URLS for make in values.URL_PASSWORDS)


def _filled(text: str, value: str) -> tuple[str, str]:
    before, _, after = text.partition("@@")
    return before + value + after, value


def _negatives(rng: random.Random) -> Iterator[Case]:
    yield from (("plain", _made(text, rng), "") for text in cases.NEGATIVES)
    places = [
        text
        for groups in (cases.PASSWORD_PLACES, cases.SECRET_PLACES)
        for texts in groups.values()
        for text in texts
    ]
    yield from (
        ("dummies", *_filled(text, value))
        for value in cases.DUMMIES
        for text in rng.sample([*places, *cases.URLS], _PLACES)
    )


def _made(text: str, rng: random.Random) -> str:
    """A look-alike with its digests and ids made: `{{any:EXPRESSION}}` as in the rules' examples, `¶` for a line end."""
    before, hole, rest = text.partition(_HOLE)
    while hole:
        end, depth = 0, 0
        while depth or rest[end] != "}":
            depth += {"{": 1, "}": -1}.get(rest[end], 0)
            end += 1
        before += text_of(rest[:end], rng).decode("latin-1")
        head, hole, rest = rest[end + 2 :].partition(_HOLE)
        before += head
    return before.replace("¶", "\n")


def _counted(
    scanner: Scanner, texts: Iterator[Case], console: Console, *, show_missed: bool, show_found: bool
) -> Mapping[str, Any]:
    seen: Counter[str] = Counter()
    found: Counter[str] = Counter()
    for group, text, value in texts:
        data = f"first line\n{text}\nlast line\n".encode()
        hits = [hit for hit in scanner.scan(data) if not value or value.encode() in data[hit.start : hit.end]]
        seen[group] += 1
        found[group] += bool(hits)
        if show_found and hits:
            console.print(f"FOUND  {group}: {text!r} {[(hit.rule.id, hit.secret) for hit in hits]}")
        if show_missed and not hits:
            console.print(f"MISSED {group}: {text!r}")
    return {
        name: {"found": found[name], "all": seen[name], "share": round(found[name] / seen[name], 4)}
        for name in seen
    }


def _share(rows: Mapping[str, Any]) -> float:
    return float(sum(row["found"] for row in rows.values()) / sum(row["all"] for row in rows.values()))


if __name__ == "__main__":
    sys.exit(main())
